package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"goldensignals/internal/replay"
	"goldensignals/internal/scorecard"
)

// theater plays drills with designs.
type theater struct {
	folder  string   // of the designs that are not shipped
	designs []string // the shipped one first
	drills  fs.FS
	procs   int         // so many are played at once
	log     *log.Logger // hears of each run that is done
}

// run is a drill with a design.
type run struct{ design, drill string }

func (r run) String() string { return r.design + "/" + r.drill }

// play plays the runs that match, and returns the record of all: what is not played
// stays as it is known.
func (t theater) play(ctx context.Context, known scorecard.Record, match *regexp.Regexp) (record scorecard.Record, err error) {
	runs, err := t.runs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "goldensignals-")
	if err != nil {
		return nil, fmt.Errorf("create folder of histories: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	histories := replay.NewHistories(dir)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(t.procs)
	entries := make([]scorecard.Entry, len(runs))
	for i, r := range runs {
		if !match.MatchString(r.String()) {
			entries[i], _ = known.Find(r.design, r.drill)
			continue
		}
		group.Go(func() (err error) {
			entries[i], err = t.playOne(ctx, histories, r)
			return err
		})
	}
	err = group.Wait()
	unknown := func(e scorecard.Entry) bool { return e.Drill == "" }
	return slices.DeleteFunc(entries, unknown), err
}

func (t theater) playOne(ctx context.Context, histories *replay.Histories, r run) (scorecard.Entry, error) {
	spec, err := t.spec(r)
	if err != nil {
		return scorecard.Entry{}, err
	}
	result, err := histories.Drill(ctx, spec, nil)
	if err != nil {
		return scorecard.Entry{}, fmt.Errorf("play %s: %w", r, err)
	}
	t.log.Printf("%s in %.1f s", r, result.WallSeconds)
	return scorecard.Of(r.design, result), nil
}

// runs are all drills with each design.
func (t theater) runs() (list []run, err error) {
	files, err := fs.Glob(t.drills, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list drills: %w", err)
	}
	for _, design := range t.designs {
		for _, file := range files {
			list = append(list, run{design, strings.TrimSuffix(file, ".yaml")})
		}
	}
	return list, nil
}

// spec says how a run is played. Without an alertmanager.yml of its own a design is
// routed as the shipped one is.
func (t theater) spec(r run) (replay.Spec, error) {
	content, err := fs.ReadFile(t.drills, r.drill+".yaml")
	if err != nil {
		return replay.Spec{}, fmt.Errorf("read drill: %w", err)
	}
	spec := replay.Spec{File: "drills/" + r.drill + ".yaml", Content: content, Seed: 1}
	if r.design == scorecard.Shipped {
		return spec, nil
	}
	spec.Rules = []string{filepath.Join(t.folder, r.design)}
	routes := filepath.Join(t.folder, r.design, "alertmanager.yml")
	switch _, err := os.Stat(routes); {
	case err == nil:
		spec.Alertmanager = routes
	case !errors.Is(err, fs.ErrNotExist):
		return replay.Spec{}, fmt.Errorf("read design: %w", err)
	}
	return spec, nil
}
