package router // internal: the lengths show on a page only

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLengths(t *testing.T) {
	t.Parallel()
	const m, h = time.Minute, time.Hour
	for _, tt := range []struct {
		usual, longest time.Duration
		want           []time.Duration
	}{
		{h, 24 * h, []time.Duration{30 * m, h, 2 * h, 4 * h}},
		{2 * h, 5 * h, []time.Duration{h, 2 * h, 4 * h, 5 * h}},
		{h, 90 * m, []time.Duration{30 * m, h, 90 * m}},
		{h, h, []time.Duration{30 * m, h}},
	} {
		if diff := cmp.Diff(tt.want, lengths(tt.usual, tt.longest)); diff != "" {
			t.Errorf("lengths(%v, %v) (-want +got):\n%s", tt.usual, tt.longest, diff)
		}
	}
}
