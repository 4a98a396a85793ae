// Package bubble gives a whole stack virtual time and an in-memory network,
// so that hours pass in seconds through code that uses package time and
// net/http as ever. It is called by the stack, by commands that replay and by
// tests; it knows nothing of what runs inside.
//
// Virtual time is testing/synctest's, which needs a process with a test in it:
// [Run] starts this program again as a child for each job, and [Child] is where
// the child begins. So jobs also use all processors, and one that ends badly
// takes no other with it. The parent and the child speak through the child's
// stdin and stdout; a child ends when its parent does, however that ended.
package bubble
