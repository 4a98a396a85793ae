package ticket

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// rest speaks JSON with one API.
type rest struct {
	client *http.Client
	base   string // without a slash at the end
	auth   authorization
	header http.Header // sent with each request
}

// authorization returns the header's value, read for each request so that a
// secret can be changed without a restart.
type authorization func() (string, error)

func newRest(client *http.Client, base string, auth authorization) rest {
	return rest{client, strings.TrimRight(base, "/"), auth, nil}
}

// token sends the secret behind the scheme's word.
func token(scheme string, s outbound.Secret) authorization {
	return func() (string, error) {
		v, err := s.Read()
		return scheme + " " + v, err
	}
}

func basic(user string, s outbound.Secret) authorization {
	return func() (string, error) {
		v, err := s.Read()
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+v)), err
	}
}

// read asks for what changes nothing, so a lost answer leaves no doubt.
func (r rest) read(ctx context.Context, method, path string, in, out any) error {
	err := r.write(ctx, method, path, in, out)
	if alert.IsUnsure(err) {
		return errors.New(err.Error())
	}
	return err
}

func (r rest) write(ctx context.Context, method, path string, in, out any) error {
	auth, err := r.auth()
	if err != nil {
		return err
	}
	return outbound.JSON(ctx, r.client, method, r.base+path, in, out, func(req *http.Request) {
		for name, values := range r.header {
			req.Header[name] = values
		}
		req.Header.Set("Authorization", auth)
	})
}

// bodies reads a list of comments, in the form that most trackers have, and adds
// their texts to texts.
func (r rest) bodies(ctx context.Context, path string, texts ...string) ([]string, error) {
	var comments []struct{ Body string }
	if err := r.read(ctx, http.MethodGet, path, nil, &comments); err != nil {
		return nil, err
	}
	for _, c := range comments {
		texts = append(texts, c.Body)
	}
	return texts, nil
}

// settings are what all trackers are given.
type settings struct {
	labels  []string
	wontFix refusals
}

// tags returns the labels of a new ticket.
func (s settings) tags(key string) []string { return append([]string{key}, s.labels...) }

// refusals are the words for "won't fix", as fold leaves them.
type refusals []string

// newRefusals returns the given word, or those that trackers come with.
func newRefusals(word string) refusals {
	if word = fold(word); word != "" {
		return refusals{word}
	}
	return refusals{"wontfix", "wontdo", "notplanned", "rejected"}
}

// matchAny reports whether one of the labels, resolutions or states says so.
func (r refusals) matchAny(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(r, fold(w)) })
}

// fold makes "Won't Fix", "wont-fix" and "wontfix" the same.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// checkRepository wants OWNER/NAME.
func checkRepository(field, raw string) error {
	owner, name, ok := strings.Cut(raw, "/")
	if !ok || owner == "" || name == "" || strings.ContainsAny(raw, "?#% ") || strings.Contains(name, "/") {
		return outbound.Field(field, "%q is no repository: write OWNER/NAME", raw)
	}
	return nil
}

// checkAddress accepts an empty address where there is a default.
func checkAddress(raw, otherwise string) error {
	return outbound.CheckURL("url", cmp.Or(raw, otherwise))
}
