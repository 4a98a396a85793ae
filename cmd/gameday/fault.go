package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
)

func faultCommands(app *kingpin.Application) []command {
	c := app.Command("fault", "Break the services of a running stack.")
	return []command{faultList(c), faultInject(c), faultClear(c)}
}

func faultList(parent *kingpin.CmdClause) command {
	c := parent.Command("list", "Show what can be broken and what is broken now.")
	stack := stackFlag(c)
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		var list faultapi.List
		if err := stack.do(ctx, http.MethodGet, faultapi.FaultsPath, nil, &list); err != nil {
			return err
		}
		if err := printKinds(stdout, list.Kinds); err != nil {
			return err
		}
		if list.Hidden {
			fmt.Fprintf(stdout, "\nACTIVE  %s\n", faultapi.HiddenNote)
			return nil
		}
		fmt.Fprintln(stdout)
		return printActive(stdout, "ACTIVE", list.Active)
	}}
}

// printKinds takes two tables, so that no line is longer than a wide terminal.
func printKinds(stdout io.Writer, kinds []fault.Kind) error {
	w := table(stdout)
	fmt.Fprintln(w, "KIND\tTAKES\tWHAT IT DOES")
	for _, k := range kinds {
		takes := ""
		for _, p := range k.Params {
			takes += p.Name + " "
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, takes+"for", k.Summary)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(stdout)
	w = table(stdout)
	fmt.Fprintln(w, "KIND\tINTO\tSIGNALS\tWHO IS HURT\tREPAIRS")
	for _, k := range kinds {
		var signals []string
		for _, s := range k.Signals {
			signals = append(signals, string(s))
		}
		for _, s := range k.Also {
			signals = append(signals, "("+string(s)+")")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Name, orWord(k.Services, "any"), orWord(signals, "none"), cmp.Or(k.Hurts, "nobody"), orWord(k.Repairs, "none needed"))
	}
	return w.Flush()
}

// orWord joins a list, or says what an empty one means.
func orWord(list []string, empty string) string { return cmp.Or(strings.Join(list, ", "), empty) }

func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// setting is a parameter as the caller gave it.
type setting struct {
	name, text string
	given      bool // "" was given, too, if somebody wrote it down
}

func faultInject(parent *kingpin.CmdClause) command {
	c := parent.Command("inject", "Break a service. Every fault ends by itself.")
	stack := stackFlag(c)
	kind := c.Arg("kind", "See gameday fault list.").Required().String()
	service := c.Flag("service", "Service to break.").Required().String()
	var settings []*setting
	for _, p := range fault.Params() {
		s := &setting{name: p.Name}
		c.Flag(p.Name, fmt.Sprintf("%s; such as %s.", p.Summary, p.Example)).IsSetByUser(&s.given).StringVar(&s.text)
		settings = append(settings, s)
	}
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		f := fault.Fault{Kind: *kind, Service: *service}
		for _, s := range settings {
			if !s.given {
				continue
			}
			if err := f.Set(s.name, s.text); err != nil {
				return cli.WrongCall(err)
			}
		}
		var active fault.Active
		if err := stack.do(ctx, http.MethodPost, faultapi.FaultsPath, f, &active); err != nil {
			return err
		}
		return printActive(stdout, "INJECTED", []fault.Active{active})
	}}
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
		if err := stack.do(ctx, http.MethodDelete, faultapi.FaultsPath+"?"+query.Encode(), nil, &answer); err != nil {
			return err
		}
		return printActive(stdout, "CLEARED", answer.Cleared)
	}}
}

func printActive(stdout io.Writer, title string, active []fault.Active) error {
	w := table(stdout)
	if len(active) == 0 {
		fmt.Fprintf(w, "%s\tnone\n", title)
		return w.Flush()
	}
	fmt.Fprintf(w, "%s\tSERVICE\tSETTINGS\tENDS BY ITSELF\n", title)
	for _, a := range active {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.Kind, a.Service, cmp.Or(a.Settings(), "none"), clock(a.Until))
	}
	return w.Flush()
}

func clock(t time.Time) string { return t.Local().Format(time.TimeOnly) }
