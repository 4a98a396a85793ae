package cli

import (
	"io"
	"log/slog"
)

// Log is a log of text lines to w, from a level on that a flag gives: debug, info,
// warn or error, which kingpin has checked.
func Log(w io.Writer, level string) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: Level(level)}))
}

// Level is the level of such a flag.
func Level(text string) slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(text)) // the flag is an enum
	return level
}
