package ticket

// Tracker is for tests that look at what a Tracked did.
func (t *Tracked) Tracker() Tracker { return t.tracker }

// The formats are tested as they are; what trackers make of them is theirs.

func Markdown(d Document, m Mark) string { return markdown(d, m) }
func Wiki(d Document, m Mark) string     { return wiki(d, m) }
func Plain(d Document, m Mark) string    { return plain(d, m) }
func ADF(d Document, m Mark) any         { return adf(d, m) }
func ADFText(doc any) string             { return adfText(doc.(node)) }
func MarksIn(text string) []Mark         { return marksIn(text) }
