package lint

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Series are the names of the series that targets export, each with the names
// of its labels. The zero value has none. It is filled first and only read then.
type Series struct {
	labels map[string]map[string]bool // :: metric -> label names
	// open says that scraping adds labels that nobody told us of.
	open bool
}

// AddTarget adds what one target answers to a scrape, and what Prometheus
// records about each of its scrapes. The labels are those that the scrape adds
// beside job and instance.
func (s *Series) AddTarget(answer io.Reader, format expfmt.Format, labels ...string) error {
	families, err := decode(answer, format)
	if err != nil {
		return err
	}
	added := append([]string{model.JobLabel, model.InstanceLabel}, labels...)
	for _, f := range families {
		s.addFamily(f, format.FormatType() != expfmt.TypeProtoDelim, added)
	}
	s.scraped(added)
	return nil
}

// AddFile adds a text exposition that somebody saved. A target's own answer
// lacks the labels that the scrape adds, so that no label is certain to be
// missing then; the answer of Prometheus' /federate has them.
func (s *Series) AddFile(exposition io.Reader) error {
	families, err := decode(exposition, expfmt.FmtText)
	if err != nil {
		return err
	}
	for _, f := range families {
		s.addFamily(f, true, nil)
		s.open = s.open || !everyMetricHas(f, model.JobLabel)
	}
	s.scraped([]string{model.JobLabel, model.InstanceLabel})
	return nil
}

// Names returns the names of all series, sorted.
func (s *Series) Names() []string { return slices.Sorted(maps.Keys(s.labels)) }

// Labels returns the names of the labels that the series of a name have,
// sorted; none if there is no such series.
func (s *Series) Labels(name string) []string { return slices.Sorted(maps.Keys(s.labels[name])) }

func decode(answer io.Reader, format expfmt.Format) ([]*dto.MetricFamily, error) {
	dec := expfmt.NewDecoder(answer, format)
	var families []*dto.MetricFamily
	for {
		f := &dto.MetricFamily{}
		switch err := dec.Decode(f); {
		case errors.Is(err, io.EOF):
			return families, nil
		case err != nil:
			return nil, fmt.Errorf("read exposition: %w", err)
		}
		families = append(families, f)
	}
}

// addFamily adds every name under which Prometheus stores the family.
func (s *Series) addFamily(f *dto.MetricFamily, text bool, added []string) {
	names := labelNames(f)
	for _, l := range added {
		names[l] = true
	}
	name := f.GetName()
	switch f.GetType() {
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM:
		s.addHistogram(f, text, names)
	case dto.MetricType_SUMMARY:
		s.addName(name, plus(names, model.QuantileLabel))
		s.addName(name+"_sum", names)
		s.addName(name+"_count", names)
	default:
		s.addName(name, names)
		// What /federate answers has lost its type.
		if base, ok := strings.CutSuffix(name, "_bucket"); ok && names[model.BucketLabel] {
			s.addName(base, names)
		}
	}
}

// addHistogram adds the classic names, and the own name if it is also, or may
// be, a native one: the text format does not say.
func (s *Series) addHistogram(f *dto.MetricFamily, text bool, names map[string]bool) {
	name := f.GetName()
	s.addName(name+"_bucket", plus(names, model.BucketLabel))
	s.addName(name+"_sum", names)
	s.addName(name+"_count", names)
	for _, m := range f.GetMetric() {
		if text || m.GetHistogram().Schema != nil {
			s.addName(name, names)
		}
	}
}

func plus(names map[string]bool, name string) map[string]bool {
	more := maps.Clone(names)
	more[name] = true
	return more
}

func (s *Series) addName(name string, names map[string]bool) {
	if s.labels == nil {
		s.labels = map[string]map[string]bool{}
	}
	if s.labels[name] == nil {
		s.labels[name] = map[string]bool{}
	}
	maps.Copy(s.labels[name], names)
}

// scraped adds what Prometheus itself records about each scrape.
func (s *Series) scraped(names []string) {
	for _, name := range []string{
		"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added",
	} {
		labels := map[string]bool{}
		for _, l := range names {
			labels[l] = true
		}
		s.addName(name, labels)
	}
}

func labelNames(f *dto.MetricFamily) map[string]bool {
	names := map[string]bool{}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			names[l.GetName()] = true
		}
	}
	return names
}

func everyMetricHas(f *dto.MetricFamily, name string) bool {
	for _, m := range f.GetMetric() {
		found := false
		for _, l := range m.GetLabel() {
			found = found || l.GetName() == name
		}
		if !found {
			return false
		}
	}
	return true
}
