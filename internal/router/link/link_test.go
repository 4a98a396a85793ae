package link_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"goldensignals/internal/router/link"
)

var (
	key     = link.New([link.KeySize]byte{1, 2, 3})
	now     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	claim   = link.Claim{Incident: "0123456789abcdef", Expires: now.Add(time.Hour)}
	someKey = rapid.Custom(func(t *rapid.T) link.Key {
		return link.New([link.KeySize]byte(rapid.SliceOfN(rapid.Byte(), link.KeySize, link.KeySize).Draw(t, "secret")))
	}).Filter(func(k link.Key) bool { return !k.IsZero() })
	someClaim = rapid.Custom(func(t *rapid.T) link.Claim {
		return link.Claim{
			Incident: fmt.Sprintf("%016x", rapid.Uint64().Draw(t, "id")),
			Expires:  time.Unix(int64(rapid.Uint32().Draw(t, "expires")), 0).UTC(),
		}
	})
)

func TestOpen(t *testing.T) {
	t.Parallel()
	token := key.Sign(claim)
	if len(token) != 28 {
		t.Errorf("the token has %d characters, want 28", len(token))
	}
	for _, tt := range []struct {
		name  string
		key   link.Key
		token string
		now   time.Time
		want  error
	}{
		{"fresh", key, token, now, nil},
		{"in its last second", key, token, now.Add(time.Hour - 1), nil},
		{"expired", key, token, now.Add(time.Hour), link.ErrExpired},
		{"cut off", key, token[:27], now, link.ErrForged},
		{"longer", key, token + "A", now, link.ErrForged},
		{"padded", key, token + "=", now, link.ErrForged},
		{"with a line break", key, token[:14] + "\n" + token[14:], now, link.ErrForged},
		{"a line break instead of characters", key, token[:27] + "\n", now, link.ErrForged},
		{"empty", key, "", now, link.ErrForged},
		{"another key", link.New([link.KeySize]byte{1}), token, now, link.ErrForged},
		{"another key, and expired", link.New([link.KeySize]byte{1}), token, now.Add(2 * time.Hour), link.ErrForged},
		{"no key", link.Key{}, token, now, link.ErrForged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.key.Open(tt.token, tt.now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Open = %v, want %v", err, tt.want)
			}
			want := claim
			if errors.Is(err, link.ErrForged) {
				want = link.Claim{}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	for _, incident := range []string{"", "0123", "0123456789abcdef00", "0123456789abcdeg"} {
		if got := key.Sign(link.Claim{Incident: incident, Expires: now}); got != "" {
			t.Errorf("Sign(%q) = %q, want nothing", incident, got)
		}
	}
	if got := (link.Key{}).Sign(claim); got != "" {
		t.Errorf("Sign without a key = %q", got)
	}
}

func TestSignAndOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k, c := someKey.Draw(t, "key"), someClaim.Draw(t, "claim")
		token := k.Sign(c)
		got, err := k.Open(token, c.Expires.Add(-time.Nanosecond))
		if err != nil || !cmp.Equal(got, c) {
			t.Fatalf("Open(Sign(%v)) = %v, %v", c, got, err)
		}
		if strings.Trim(token, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") != "" {
			t.Fatalf("%q needs escaping", token)
		}
	})
}

// Any bit that is flipped, in the characters or in what they stand for, makes
// another token, and that is refused.
func TestFlippedBitIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k, c := someKey.Draw(t, "key"), someClaim.Draw(t, "claim")
		before := c.Expires.Add(-time.Second)
		token, form := k.Sign(c), k.FormToken("ack", now)
		if got, err := k.Open(flip(t, token), before); !errors.Is(err, link.ErrForged) {
			t.Fatalf("opened as %v, %v", got, err)
		}
		if err := k.CheckForm(flip(t, form), "ack", now); !errors.Is(err, link.ErrForged) {
			t.Fatalf("the form's token passed: %v", err)
		}
	})
}

func flip(t *rapid.T, token string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b, at := []byte(token), rapid.IntRange(0, len(token)-1).Draw(t, "at")
	if rapid.Bool().Draw(t, "in the text") {
		b[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	} else {
		b[at] = digits[strings.IndexByte(digits, b[at])^1<<rapid.IntRange(0, 5).Draw(t, "bit")]
	}
	return string(b)
}

func TestForm(t *testing.T) {
	t.Parallel()
	token := key.FormToken("incident/ack", now)
	for _, tt := range []struct {
		name, token, subject string
		now                  time.Time
		want                 error
	}{
		{"fresh", token, "incident/ack", now, nil},
		{"after 59 min", token, "incident/ack", now.Add(59 * time.Minute), nil},
		{"after an hour", token, "incident/ack", now.Add(time.Hour), link.ErrExpired},
		{"another subject", token, "incident/silence", now, link.ErrForged},
		{"a link", key.Sign(claim), "incident/ack", now, link.ErrForged},
		{"empty", "", "incident/ack", now, link.ErrForged},
		{"a line break", token[:26] + "\n", "incident/ack", now, link.ErrForged},
		{"no key", (link.Key{}).FormToken("incident/ack", now), "incident/ack", now, link.ErrForged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := key.CheckForm(tt.token, tt.subject, tt.now); !errors.Is(err, tt.want) {
				t.Errorf("CheckForm = %v, want %v", err, tt.want)
			}
		})
	}
	if err := (link.Key{}).CheckForm(token, "incident/ack", now); !errors.Is(err, link.ErrForged) {
		t.Errorf("without a key: %v", err)
	}
}

// A form's token signs the time and its subject, a link's the incident and the
// time: what one of them signs must not do for the other.
func TestFormIsNoLink(t *testing.T) {
	t.Parallel()
	raw, err := base64.RawURLEncoding.DecodeString(key.FormToken("\xff\xff\xff\xff\xff\xff\xff\xff", now))
	if err != nil {
		t.Fatal(err)
	}
	when, sum := raw[:4], raw[4:]
	claimed := append(append(append([]byte(nil), when...), "\xff\xff\xff\xff\xff\xff\xff\xff"...), sum[:9]...)
	if c, err := key.Open(base64.RawURLEncoding.EncodeToString(claimed), now); !errors.Is(err, link.ErrForged) {
		t.Errorf("a form's signature opened %v, %v", c, err)
	}
}

func TestLoadOrCreate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "link.key")
	var wg sync.WaitGroup
	keys := make([]link.Key, 8)
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = link.LoadOrCreate(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k.IsZero() || k != keys[0] {
			t.Error("those who start together have different keys")
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files left behind: %v, %v", files, err)
	}
	other, err := link.LoadOrCreate(filepath.Join(t.TempDir(), "link.key"))
	if err != nil || other == keys[0] {
		t.Errorf("another file has the same key, or %v", err)
	}
}

func TestLoadOrCreateRefuses(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("ab", link.KeySize)
	for _, tt := range []struct{ name, content string }{
		{"empty", ""},
		{"cut off", good[:40]},
		{"longer", good + "ab"},
		{"no digits", strings.Repeat("xy", link.KeySize)},
		{"zeros", strings.Repeat("00", link.KeySize)},
		{"large", strings.Repeat("ab", 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "link.key")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := link.LoadOrCreate(path)
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("err = %v, want one that names the file and says that it is damaged", err)
			}
			if err != nil && tt.content != "" && strings.Contains(err.Error(), tt.content[:16]) {
				t.Errorf("the error shows the key: %v", err)
			}
			if after, _ := os.ReadFile(path); string(after) != tt.content {
				t.Error("the file was changed")
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "no", "folder")
	if _, err := link.LoadOrCreate(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	t.Parallel()
	k := link.New([link.KeySize]byte{0xfe, 0xfe, 0xfe})
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "key", k)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "key", k)
	fmt.Fprintf(&b, "%v %+v %#v %x %d %s %v", k, k, k, k, k, k, struct{ K link.Key }{k})
	for _, secret := range []string{"fefe", "254", "0xfe"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("the key is in %q", b.String())
		}
	}
}

// What opens is what Sign makes, letter by letter.
func FuzzOpen(f *testing.F) {
	f.Add(key.Sign(claim))
	f.Add(key.FormToken("x", now))
	f.Add("")
	f.Add(strings.Repeat("A", 28))
	f.Add(strings.Repeat("\n", 28))
	f.Fuzz(func(t *testing.T, token string) {
		c, err := key.Open(token, now)
		if err == nil && !now.Before(c.Expires) {
			t.Errorf("%q opened after it expired", token)
		}
		if !errors.Is(err, link.ErrForged) && key.Sign(c) != token {
			t.Errorf("%q opened, and Sign makes %q", token, key.Sign(c))
		}
		_ = key.CheckForm(token, token, now)
	})
}
