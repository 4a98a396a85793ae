package havoc

// spin keeps a processor busy for some microseconds.
func spin() {
	x := uint64(1)
	for range 5000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 { // never; the compiler does not know, and keeps the loop
		panic("xorshift reached zero")
	}
}
