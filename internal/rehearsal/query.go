package rehearsal

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheusapi "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"goldensignals/internal/alert"
	"goldensignals/internal/runbook"
)

// firing returns the labels for which the alert fires.
func (x *execution) firing(ctx context.Context) ([]runbook.Sample, error) {
	return x.query(ctx, fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing"}`, x.page.Alert))
}

// ask asks all queries of the runbook.
func (x *execution) ask(ctx context.Context) (answers []runbook.Answer, err error) {
	for _, q := range x.page.Queries {
		samples, err := x.query(ctx, q.Expr)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: ask %q: %w", x.page.File, q.Line, q.Expr, err)
		}
		answers = append(answers, runbook.Answer{Query: q, Samples: samples})
	}
	return answers, nil
}

// query asks Prometheus' HTTP API, as people with the runbook in their hands do.
func (x *execution) query(ctx context.Context, expr string) ([]runbook.Sample, error) {
	client, err := api.NewClient(api.Config{Address: x.game.Prometheus.String(), RoundTripper: x.game.Transport})
	if err != nil {
		return nil, fmt.Errorf("make client of Prometheus: %w", err)
	}
	result, _, _, err := prometheusapi.NewAPI(client).Query(ctx, expr, time.Time{})
	if err != nil {
		return nil, err
	}
	switch result := result.(type) {
	case *model.Scalar:
		return []runbook.Sample{{Value: float64(result.Value)}}, nil
	case model.Vector:
		var samples []runbook.Sample
		for _, s := range result {
			samples = append(samples, sampleOf(s))
		}
		return samples, nil
	default:
		return nil, fmt.Errorf("the query returns a %s; a reading is of a vector or a number", result.Type())
	}
}

func sampleOf(s *model.Sample) runbook.Sample {
	labels := alert.Labels{}
	for name, value := range s.Metric {
		labels[string(name)] = string(value)
	}
	if s.Histogram != nil { // has no single value
		return runbook.Sample{Labels: labels, Value: math.NaN()}
	}
	return runbook.Sample{Labels: labels, Value: float64(s.Value)}
}
