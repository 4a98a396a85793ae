package ticket

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// Key is how the tickets of an alert group are found again: "gs-" and the
// beginning of a hash of the group key, the same in every process.
func Key(groupKey string) string { return "gs-" + digest(groupKey) }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// Mark is what an entry of a ticket remembers of the notification that it tells.
type Mark struct {
	ID     string
	Status alert.Status
	At     time.Time // when the notification was made, in whole seconds
}

const markWord = "goldensignals"

// markOf returns the mark of n. An ID that could not stand in an HTML comment is
// replaced by its hash.
func markOf(n alert.Notification) Mark {
	return Mark{markID(n.ID), n.Status, n.CreatedAt.UTC().Truncate(time.Second)}
}

func markID(id string) string {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && r != '-'
	}
	if id == "" || strings.ContainsFunc(id, odd) || strings.Contains(id, "--") {
		return "x" + digest(id)
	}
	return id
}

// String is the line that stands in the entry.
func (m Mark) String() string {
	return fmt.Sprintf("%s %s %s %s", markWord, m.ID, m.Status, m.At.Format(time.RFC3339))
}

// comment hides the mark where HTML comments are hidden.
func (m Mark) comment() string { return "<!-- " + m.String() + " -->" }

// marksIn reads the marks in the text of an entry. A mark is a line of its own
// from its first column, which nothing that comes from an alert can be; see
// Document.String and the renderers.
func marksIn(text string) []Mark {
	var marks []Mark
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if inner, ok := strings.CutPrefix(line, "<!-- "); ok {
			line = strings.TrimSuffix(inner, " -->")
		}
		f := strings.Split(line, " ")
		if len(f) != 4 || f[0] != markWord {
			continue
		}
		at, err := time.Parse(time.RFC3339, f[3])
		if err != nil {
			continue
		}
		marks = append(marks, Mark{f[1], alert.Status(f[2]), at})
	}
	return marks
}
