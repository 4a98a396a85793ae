package bubble

import (
	"fmt"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
)

// goroutine is one entry of a stack dump, without the frames that every child has.
type goroutine struct {
	state    string // "chan receive"
	frames   []frame
	overhead bool // runs the child, not the job
}

type frame struct {
	call  string // "internal/shop.(*Service).Run", or "created by …"
	place string // "internal/shop/service.go:12"
	own   bool   // of this module
}

func (f frame) String() string { return f.call + " (" + f.place + ")" }

// own reports whether the stack leads through this module.
func (g goroutine) own() bool {
	return slices.ContainsFunc(g.frames, func(f frame) bool { return f.own })
}

// String says what the goroutine does, and in which frames of this module; if
// it does not lead through this module, in which it waits and who created it.
func (g goroutine) String() string {
	doing := "blocked in " + g.state
	if g.state == "running" || g.state == "runnable" {
		doing = "busy"
	}
	own, last := g.own(), len(g.frames)-1
	lines := []string{doing + ":"}
	for i, f := range g.frames {
		if f.own || !own && (i < 3 || i == last) {
			lines = append(lines, "\t"+f.String())
		}
	}
	return strings.Join(lines, "\n\t")
}

// blockedStacks tells where goroutines wait, those that lead through this module
// first. It shows equal ones once and stops after shownLines. It begins with a
// line break.
func blockedStacks(all []goroutine) string {
	all = slices.DeleteFunc(all, func(g goroutine) bool { return g.overhead || len(g.frames) == 0 })
	var different []string
	count := map[string]int{}
	for _, own := range []bool{true, false} {
		for _, g := range all {
			if g.own() != own {
				continue
			}
			text := g.String()
			if count[text]++; count[text] == 1 {
				different = append(different, text)
			}
		}
	}
	var b strings.Builder
	lines, left := 0, len(all)
	for _, text := range different {
		if lines += 1 + strings.Count(text, "\n"); lines > shownLines && b.Len() > 0 {
			fmt.Fprintf(&b, "\n\tand %d goroutines more", left)
			break
		}
		b.WriteString("\n\t")
		if n := count[text]; n > 1 {
			fmt.Fprintf(&b, "%d goroutines ", n)
		}
		b.WriteString(text)
		left -= count[text]
	}
	return b.String()
}

// crashedStack tells where a panic came from. The runtime prints the goroutine
// that panicked first. It begins with a line break.
func crashedStack(all []goroutine) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	for i, f := range all[0].frames {
		if i == shownLines {
			fmt.Fprintf(&b, "\n\tand %d frames more", len(all[0].frames)-i)
			break
		}
		b.WriteString("\n\t" + f.String())
	}
	return b.String()
}

// parseGoroutines reads a stack dump as the runtime prints it.
func parseGoroutines(dump string) []goroutine {
	module, root := moduleAndRoot()
	var all []goroutine
	lines := strings.Split(dump, "\n")
	for i := 0; i < len(lines); i++ {
		if state, ok := goroutineState(lines[i]); ok {
			all = append(all, goroutine{state: state})
			continue
		}
		if len(all) == 0 || i+1 == len(lines) || !strings.HasPrefix(lines[i+1], "\t") {
			continue // the message, registers, an empty line
		}
		f, ok := parseFrame(lines[i], lines[i+1], module, root)
		switch g := &all[len(all)-1]; {
		case strings.HasPrefix(f.place, "internal/bubble/child.go:"):
			g.overhead = g.overhead || f.call == "internal/bubble.Child" || f.call == "internal/bubble.exitWithParent"
		case ok:
			g.frames = append(g.frames, f)
		}
		i++ // past the second line of the frame
	}
	return all
}

// goroutineState finds "chan receive" in "goroutine 7 [chan receive (durable), synctest bubble 1]:".
func goroutineState(line string) (string, bool) {
	if !strings.HasPrefix(line, "goroutine ") || !strings.HasSuffix(line, "]:") {
		return "", false
	}
	_, state, ok := strings.Cut(strings.TrimSuffix(line, "]:"), "[")
	state, _, _ = strings.Cut(state, ", synctest bubble")
	return strings.ReplaceAll(state, " (durable)", ""), ok
}

// parseFrame reads the two lines of a frame. It drops what every job has below
// it or the runtime puts on top of it.
func parseFrame(call, place, module, root string) (frame, bool) {
	creator, created := strings.CutPrefix(call, "created by ")
	if created {
		call, _, _ = strings.Cut(creator, " in goroutine ")
	} else if i := strings.LastIndexByte(call, '('); i > 0 {
		call = call[:i]
	}
	place, _, _ = strings.Cut(strings.TrimSpace(place), " ")
	for _, p := range []string{"runtime.", "internal/runtime/", "internal/synctest.", "testing.", "testing/synctest.", "panic"} {
		if strings.HasPrefix(call, p) {
			return frame{}, false
		}
	}
	f := frame{own: strings.HasPrefix(call, module+"/") || strings.HasPrefix(call, "main.")}
	if f.own {
		f.call, f.place = strings.TrimPrefix(call, module+"/"), strings.TrimPrefix(place, root)
	} else {
		f.call, f.place = call, path.Base(place)
	}
	if created {
		f.call = "created by " + f.call
	}
	return f, true
}

// moduleAndRoot returns the path of this module and the folder of its source as
// the compiler recorded it, which -trimpath changes.
func moduleAndRoot() (module, root string) {
	const here = "internal/bubble/stacks.go"
	_, file, _, _ := runtime.Caller(0)
	module = strings.TrimSuffix(reflect.TypeFor[Network]().PkgPath(), "/"+path.Dir(here))
	return module, strings.TrimSuffix(file, here)
}
