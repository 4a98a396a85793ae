package fault

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes is an amount that people read and write as "16MiB", in JSON, YAML and
// flags alike.
type Bytes int64

// units are the units of Bytes, the largest first.
func units() []struct {
	name string
	size Bytes
} {
	return []struct {
		name string
		size Bytes
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

// String renders b in the largest unit that needs no fraction.
func (b Bytes) String() string {
	for _, u := range units() {
		if b != 0 && b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return "0B"
}

// MarshalText renders b as String does.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText parses a whole number with its unit: B, KiB, MiB or GiB.
func (b *Bytes) UnmarshalText(text []byte) error {
	for _, u := range units() {
		number, ok := strings.CutSuffix(string(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err == nil && n >= 0 && n <= int64(1<<50/u.size) {
			*b = Bytes(n) * u.size
			return nil
		}
	}
	return fmt.Errorf("size %q: write a whole number with its unit, such as 16MiB", text)
}
