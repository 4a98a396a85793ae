package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/fault"
)

const faultsPath = "/api/v1/faults"

func faultCommands(app *kingpin.Application) []command {
	c := app.Command("fault", "Break and mend the services of a running stack.")
	return []command{faultList(c), faultInject(c), faultClear(c)}
}

func faultList(parent *kingpin.CmdClause) command {
	c := parent.Command("list", "Show what can be broken and what is broken now.")
	stack := stackFlag(c)
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		var answer struct {
			Kinds  []fault.Kind   `json:"kinds"`
			Active []fault.Active `json:"active"`
		}
		if err := stack.do(ctx, http.MethodGet, faultsPath, nil, &answer); err != nil {
			return err
		}
		w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KIND\tTAKES\tWHAT IT DOES")
		for _, k := range answer.Kinds {
			takes := "--for"
			for _, p := range k.Params {
				takes += " --" + p.Name
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, takes, k.Summary)
		}
		fmt.Fprintln(w)
		printActive(w, "ACTIVE", answer.Active)
		return w.Flush()
	}}
}

func faultInject(parent *kingpin.CmdClause) command {
	c := parent.Command("inject", "Break a service. Every fault ends by itself.")
	stack := stackFlag(c)
	kind := c.Arg("kind", "See gameday fault list.").Required().String()
	service := c.Flag("service", "Service to break.").Required().String()
	// Text, so that the stack can tell "not given" from a zero and says what is wrong.
	ratio := c.Flag("ratio", "Share of requests that are hit, above 0 and up to 1.").String()
	delay := c.Flag("delay", "How much slower a request becomes, such as 300ms.").String()
	limit := c.Flag("for", "Time limit, such as 10m.").String()
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		request, err := faultRequest(*kind, *service, *ratio, *delay, *limit)
		if err != nil {
			return usageError{err}
		}
		var active fault.Active
		if err := stack.do(ctx, http.MethodPost, faultsPath, request, &active); err != nil {
			return err
		}
		w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		printActive(w, "INJECTED", []fault.Active{active})
		return w.Flush()
	}}
}

// faultRequest leaves out what was not given.
func faultRequest(kind, service, ratio, delay, limit string) (map[string]any, error) {
	request := map[string]any{"kind": kind, "service": service}
	if ratio != "" {
		r, err := strconv.ParseFloat(ratio, 64)
		if err != nil {
			return nil, fmt.Errorf("--ratio=%s is not a number; give one above 0 and up to 1, such as 0.3", ratio)
		}
		request["ratio"] = r
	}
	if delay != "" {
		request["delay"] = delay
	}
	if limit != "" {
		request["for"] = limit
	}
	return request, nil
}

func faultClear(parent *kingpin.CmdClause) command {
	c := parent.Command("clear", "End faults: all of them, or those of one kind or service.")
	stack := stackFlag(c)
	kind := c.Arg("kind", "Only this kind.").String()
	service := c.Flag("service", "Only in this service.").String()
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		query := url.Values{"kind": {*kind}, "service": {*service}}
		var answer struct {
			Cleared []fault.Active `json:"cleared"`
		}
		if err := stack.do(ctx, http.MethodDelete, faultsPath+"?"+query.Encode(), nil, &answer); err != nil {
			return err
		}
		w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		printActive(w, "CLEARED", answer.Cleared)
		return w.Flush()
	}}
}

func printActive(w io.Writer, title string, active []fault.Active) {
	if len(active) == 0 {
		fmt.Fprintf(w, "%s\tnone\n", title)
		return
	}
	fmt.Fprintf(w, "%s\tSERVICE\tRATIO\tDELAY\tENDS BY ITSELF\n", title)
	for _, a := range active {
		fmt.Fprintf(w, "%s\t%s\t%g\t%s\t%s\n", a.Kind, a.Service, a.Ratio, time.Duration(a.Delay), a.Until.Local().Format(time.TimeOnly))
	}
}
