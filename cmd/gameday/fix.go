package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
)

func fixCommands(app *kingpin.Application) []command {
	c := app.Command("fix", "Repair the services of a running stack.")
	return []command{fixList(c), fixApply(c), fixUndo(c)}
}

func fixList(parent *kingpin.CmdClause) command {
	c := parent.Command("list", "Show how services are repaired, and what was applied.")
	stack := stackFlag(c)
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		fixes, err := stack.fixes(ctx)
		if err != nil {
			return err
		}
		if err := printRepairs(stdout, fixes.Repairs); err != nil {
			return err
		}
		fmt.Fprintln(stdout)
		return printApplied(stdout, fixes.Applied, time.Now())
	}}
}

// printRepairs takes two tables, as printKinds does.
func printRepairs(stdout io.Writer, repairs []fault.Repair) error {
	w := table(stdout)
	fmt.Fprintln(w, "NAME\tTAKES\tOF\tWHAT IT DOES")
	for _, r := range repairs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, r.Takes, orWord(r.Services, "any"), r.Summary)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(stdout)
	w = table(stdout)
	fmt.Fprintln(w, "NAME\tENDS\tHELPS WITH")
	for _, r := range repairs {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, orWord(r.Ends, "–"), orWord(r.Helps, "–"))
	}
	return w.Flush()
}

func (c *client) fixes(ctx context.Context) (faultapi.Fixes, error) {
	var fixes faultapi.Fixes
	err := c.do(ctx, http.MethodGet, faultapi.FixesPath, nil, &fixes)
	return fixes, err
}

func printApplied(stdout io.Writer, applied []fault.Applied, now time.Time) error {
	w := table(stdout)
	if len(applied) == 0 {
		fmt.Fprintln(w, "APPLIED\tnone")
		return w.Flush()
	}
	fmt.Fprintln(w, "APPLIED\tREPAIR\tSERVICE\tWHAT IT DID")
	for _, a := range applied {
		did, known := a.Outcome(now)
		switch {
		case !known:
			did = "under way until " + clock(a.Effect)
		case did == "":
			did = "nothing: it was the wrong one"
		}
		if a.InForceAt(now) {
			did += "; stays until " + clock(a.Until)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", clock(a.At), a.Repair, a.Service, did)
	}
	return w.Flush()
}

func fixApply(parent *kingpin.CmdClause) command {
	c := parent.Command("apply", "Repair a service.")
	stack := stackFlag(c)
	name := c.Arg("name", "See gameday fix list.").Required().String()
	service := c.Flag("service", "Service to repair. May be left out where there is only one to choose.").String()
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		order := faultapi.Order{Repair: *name, Service: *service}
		if order.Service == "" {
			fixes, err := stack.fixes(ctx)
			if err != nil {
				return err
			}
			if order.Service, err = onlyService(fixes, *name); err != nil {
				return cli.WrongCall(err)
			}
		}
		var applied fault.Applied
		if err := stack.do(ctx, http.MethodPost, faultapi.FixesPath, order, &applied); err != nil {
			return err
		}
		// Whether it is the right one shows when it acts, not before.
		fmt.Fprintf(stdout, "The %s of %s takes effect at %s, in %s. Then see what it did: gameday fix list\n",
			applied.Repair, applied.Service, clock(applied.Effect), short(applied.Effect.Sub(applied.At)))
		return nil
	}}
}

// onlyService returns the service that a repair can be applied to, if there is
// just one.
func onlyService(fixes faultapi.Fixes, repair string) (string, error) {
	var names []string
	for _, r := range fixes.Repairs {
		names = append(names, r.Name)
	}
	i := slices.Index(names, repair)
	if i < 0 {
		return "", fmt.Errorf("%q is unknown; choose one of %s", repair, strings.Join(names, ", "))
	}
	able := slices.DeleteFunc(slices.Clone(fixes.Services), func(s string) bool {
		return len(fixes.Repairs[i].Services) > 0 && !slices.Contains(fixes.Repairs[i].Services, s)
	})
	if len(able) == 1 {
		return able[0], nil
	}
	return "", fmt.Errorf("--service: missing; choose one of %s", cmp.Or(strings.Join(able, ", "), "none: no service here can take it"))
}

func fixUndo(parent *kingpin.CmdClause) command {
	c := parent.Command("undo", "Take back what repairs have added, such as replicas, and those under way.")
	stack := stackFlag(c)
	service := c.Flag("service", "Only of this service.").String()
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		query := url.Values{"service": {*service}}
		if err := stack.do(ctx, http.MethodDelete, faultapi.FixesPath+"?"+query.Encode(), nil, &faultapi.Fixes{}); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Nothing that repairs added is left in %s.\n", cmp.Or(*service, "any service"))
		return nil
	}}
}
