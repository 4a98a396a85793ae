package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
)

// client speaks to a running stack.
type client struct{ base *url.URL }

// stackFlag adds the flag that says where the stack is.
func stackFlag(c *kingpin.CmdClause) *client {
	var cl client
	c.Flag("stack", "Address of the running stack.").Default("http://127.0.0.1:8080").URLVar(&cl.base)
	return &cl
}

// do sends in as JSON (nil: no body) and decodes the answer into out.
func (c *client) do(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	target := strings.TrimSuffix(c.base.String(), "/") + path
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return cli.WrongCall(fmt.Errorf("--stack=%s: %w", c.base, err))
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("reach the stack at %s: %w; start one with: gameday up", c.base, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", target, err)
	}
	if resp.StatusCode/100 != 2 {
		return refusal(resp, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("decode the answer of %s: %w", target, err)
	}
	return nil
}

// refusal turns an error answer into an error: what the stack calls a bad
// request is a wrong call here.
func refusal(resp *http.Response, body []byte) error {
	var answer struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error == "" {
		answer.Error = fmt.Sprintf("%s answered %s", resp.Request.URL, resp.Status)
	}
	err := fmt.Errorf("%s", answer.Error)
	if resp.StatusCode/100 == 4 {
		return cli.WrongCall(err)
	}
	return err
}
