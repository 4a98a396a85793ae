package trace_test

import (
	"strings"
	"testing"

	"goldensignals/internal/trace"
)

const (
	id     = "0af7651916cd43dd8448eb211c80319c"
	parent = "b7ad6b7169203331"
	header = "00-" + id + "-" + parent + "-01"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header string
		want   bool
	}{
		"good":             {header, true},
		"not sampled":      {"00-" + id + "-" + parent + "-00", true},
		"absent":           {"", false},
		"too short":        {header[:52], false},
		"too long":         {header + "-x", false},
		"another version":  {"01" + header[2:], false},
		"upper case":       {strings.ToUpper(header), false},
		"zero trace":       {"00-" + strings.Repeat("0", 32) + "-" + parent + "-01", false},
		"zero span":        {"00-" + id + "-" + strings.Repeat("0", 16) + "-01", false},
		"wrong separators": {"00+" + header[3:], false},
		"flags not hex":    {header[:53] + "zz", false},
		"quotes":           {"00-0af7651916cd43dd8448eb211c8031\"}-" + parent + "-01", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ok := trace.Parse(tt.header, 1)
			if ok != tt.want {
				t.Fatalf("Parse(%q) = %v, want %v", tt.header, ok, tt.want)
			}
			if ok && (c.ID() != id || c.Trace().String() != id || c.Parent().String() != parent) {
				t.Errorf("Parse(%q) = trace %s, %s, parent %s", tt.header, c.ID(), c.Trace(), c.Parent())
			}
		})
	}
}

// TestIDsStayTheSame holds ids against those of earlier releases: replays are
// compared byte by byte, and random numbers follow from them.
func TestIDsStayTheSame(t *testing.T) {
	t.Parallel()
	handed, ok := trace.Parse(header, trace.Hash("auth GET /tokeninfo"))
	if !ok {
		t.Fatal("a good header is refused")
	}
	begun := trace.New(1, 7, trace.Hash("shop GET /"))
	for name, tt := range map[string]struct{ got, want string }{
		"first call":           {handed.Header(0), "00-" + id + "-37b1fa2f338a735f-01"},
		"second call":          {handed.Header(1), "00-" + id + "-dbcc1bb7f24ca79f-01"},
		"key":                  {trace.SpanID(handed.Key()).String(), "dad96dd80bf9d545"},
		"call of a new trace":  {begun.Header(0), "00-3b25a1a3b18b0f6463cbe1e459320dd7-365ede1bc0b8bf37-01"},
		"id of a new trace":    {begun.Trace().String(), begun.ID()},
		"parent of a new one":  {begun.Parent().String(), "0000000000000000"},
		"key of the new trace": {trace.SpanID(begun.Key()).String(), "b732a03a0b93b437"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %s, want %s", name, tt.got, tt.want)
		}
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		id: true, "": false, id[:31]: false, id + "0": false, strings.ToUpper(id): false,
		strings.Repeat("0", 32): false, strings.Repeat("g", 32): false, "../../" + id[6:]: false,
	} {
		got, ok := trace.ParseID(s)
		if ok != want || ok && got.String() != s {
			t.Errorf("ParseID(%q) = %v, %v, want %v", s, got, ok, want)
		}
	}
}

// FuzzParse: whatever is accepted is handed on under the same id, in a header
// that is accepted again and names the span that was given to the call.
func FuzzParse(f *testing.F) {
	f.Add(header, uint64(0), 0)
	f.Add("00-"+id+"-"+parent+"-00", uint64(1<<63), 1)
	f.Add(strings.ToUpper(header), uint64(7), 2)
	f.Add("00-"+strings.Repeat("0", 32)+"-"+parent+"-01", uint64(7), 2)
	f.Fuzz(func(t *testing.T, header string, salt uint64, n int) {
		c, ok := trace.Parse(header, salt)
		if !ok {
			return
		}
		if got := trace.Header(c.Trace(), c.Parent()); got[:52] != header[:52] {
			t.Errorf("Header of Parse(%q) = %q", header, got)
		}
		next, ok := trace.Parse(c.Header(n), salt)
		if !ok || next.ID() != c.ID() || next.Parent() != c.Call(n) || c.Span() == 0 {
			t.Errorf("Parse(%q).Header(%d) = %q, want the same trace and the span of the call", header, n, c.Header(n))
		}
	})
}
