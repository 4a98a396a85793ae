package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"goldensignals/internal/alert"
	"goldensignals/internal/runbook"
)

// maxQueryAnswer bounds what the answer to one query may weigh.
const maxQueryAnswer = 8 << 20

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
	target := x.game.Prometheus.JoinPath("api/v1/query")
	target.RawQuery = url.Values{"query": {expr}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	resp, err := (&http.Client{Transport: x.game.Transport}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxQueryAnswer))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("prometheus answered %s: %.300s", resp.Status, body)
	}
	return decodeSamples(body)
}

// point is Prometheus' pair of seconds and value.
type point [2]any

func (p point) value() float64 {
	text, _ := p[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN() // a native histogram has no single value
	}
	return v
}

// decodeSamples reads the answer to an instant query.
func decodeSamples(body []byte) ([]runbook.Sample, error) {
	var answer struct {
		Data struct {
			ResultType string          `json:"resultType"`
			Result     json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	var vector []struct {
		Metric alert.Labels `json:"metric"`
		Value  point        `json:"value"`
	}
	var scalar point
	switch answer.Data.ResultType {
	case "vector":
		if err := json.Unmarshal(answer.Data.Result, &vector); err != nil {
			return nil, fmt.Errorf("decode vector: %w", err)
		}
		var samples []runbook.Sample
		for _, s := range vector {
			samples = append(samples, runbook.Sample{Labels: s.Metric, Value: s.Value.value()})
		}
		return samples, nil
	case "scalar":
		err := json.Unmarshal(answer.Data.Result, &scalar)
		return []runbook.Sample{{Value: scalar.value()}}, err
	default:
		return nil, fmt.Errorf("the query returns a %s; a reading is of a vector or a number", answer.Data.ResultType)
	}
}
