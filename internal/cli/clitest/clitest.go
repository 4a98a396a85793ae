// Package clitest is what the tests of the commands have in common. Only tests
// import it.
package clitest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// Output collects what a program prints while it runs. The zero value is empty; it
// is safe for concurrent use.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String returns what was printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// WithUsual adds the usual flags, written as --name=value, whose names are not
// among the arguments.
func WithUsual(args []string, usual ...string) []string {
	for _, u := range usual {
		name, _, _ := strings.Cut(u, "=")
		if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, name+"=") }) {
			args = append(args, u)
		}
	}
	return args
}
