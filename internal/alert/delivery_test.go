package alert_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"goldensignals/internal/alert"
)

func TestMarks(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for _, tt := range []struct {
		name              string
		err               error
		permanent, unsure bool
		after             time.Duration
	}{
		{"nil", nil, false, false, 0},
		{"plain", cause, false, false, 0},
		{"permanent", fmt.Errorf("send: %w", alert.Permanent(cause)), true, false, 0},
		{"unsure", alert.Unsure(cause), false, true, 0},
		{"after", alert.After(cause, time.Minute), false, false, time.Minute},
		{"one in another", alert.After(alert.Unsure(cause), time.Second), false, true, time.Second},
		{"joined", errors.Join(cause, fmt.Errorf("b: %w", alert.Unsure(cause))), false, true, 0},
		{"marked nil", errors.Join(alert.Permanent(nil), alert.Unsure(nil), alert.After(nil, time.Hour)), false, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := alert.IsPermanent(tt.err); got != tt.permanent {
				t.Errorf("IsPermanent = %v", got)
			}
			if got := alert.IsUnsure(tt.err); got != tt.unsure {
				t.Errorf("IsUnsure = %v", got)
			}
			if got := alert.WaitAfter(tt.err); got != tt.after {
				t.Errorf("WaitAfter = %v", got)
			}
			if tt.err != nil && tt.name != "marked nil" && !errors.Is(tt.err, cause) {
				t.Error("the cause is lost")
			}
		})
	}
}
