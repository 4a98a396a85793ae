// Package bubble gives a whole stack virtual time and an in-memory network,
// so that hours pass in seconds through code that uses package time and
// net/http as ever. It is called by package stack and by tests; it knows
// nothing of what runs inside.
package bubble
