package lint

import (
	"fmt"
	"io"
	"maps"
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

// AddTarget adds what one target exports, in Prometheus' text format, and what
// Prometheus records about each of its scrapes. The labels are those that the
// scrape adds beside job and instance.
func (s *Series) AddTarget(exposition io.Reader, labels ...string) error {
	added := append([]string{model.JobLabel, model.InstanceLabel}, labels...)
	if _, err := s.add(exposition, added); err != nil {
		return err
	}
	s.scraped(added)
	return nil
}

// AddFile adds a text exposition that somebody saved. A target's own answer
// lacks the labels that the scrape adds, so that no label is certain to be
// missing then; the answer of Prometheus' /federate has them.
func (s *Series) AddFile(exposition io.Reader) error {
	families, err := s.add(exposition, nil)
	if err != nil {
		return err
	}
	for _, f := range families {
		s.open = s.open || !everyMetricHas(f, model.JobLabel)
	}
	s.scraped([]string{model.JobLabel, model.InstanceLabel})
	return nil
}

// add returns the families that it has added.
func (s *Series) add(exposition io.Reader, added []string) (map[string]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(exposition)
	if err != nil {
		return nil, fmt.Errorf("read text exposition: %w", err)
	}
	for name, f := range families {
		names := labelNames(f)
		for _, l := range added {
			names[l] = true
		}
		s.addFamily(name, f.GetType(), names)
	}
	return families, nil
}

// addFamily adds every name under which Prometheus stores the family. A
// histogram is stored with classic buckets and as a native one by its own name.
func (s *Series) addFamily(name string, kind dto.MetricType, names map[string]bool) {
	s.addName(name, names)
	with := func(extra string) map[string]bool {
		more := maps.Clone(names)
		more[extra] = true
		return more
	}
	switch kind {
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM:
		s.addName(name+"_bucket", with(model.BucketLabel))
	case dto.MetricType_SUMMARY:
		s.addName(name, with(model.QuantileLabel))
	default:
		// What /federate answers has lost its type.
		if base, ok := strings.CutSuffix(name, "_bucket"); ok && names[model.BucketLabel] {
			delete(names, model.BucketLabel)
			s.addName(base, names)
		}
		return
	}
	s.addName(name+"_sum", names)
	s.addName(name+"_count", names)
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
