package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
)

// service is one service, and what was last heard of it.
type service struct {
	name   string
	client client

	mu      sync.Mutex
	active  []fault.Active
	applied []fault.Applied
}

func newService(s Service, token string, transport http.RoundTripper) *service {
	return &service{name: s.Name, client: newClient(s.URL, token, transport)}
}

// known returns what was last heard. The caller owns it.
func (s *service) known() ([]fault.Active, []fault.Applied) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.active), slices.Clone(s.applied)
}

// look asks what is broken and repaired.
func (s *service) look(ctx context.Context) error {
	var list faultapi.List
	var fixes faultapi.Fixes
	for path, out := range map[string]any{faultapi.FaultsPath: &list, faultapi.FixesPath: &fixes} {
		if err := s.client.do(ctx, call{method: http.MethodGet, path: path, out: out, patience: orderPatience}); err != nil {
			return &faultapi.UnreachableError{Service: s.name, Err: err}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active, s.applied = list.Active, merge(s.applied, fixes.Applied)
	return nil
}

// follow looks again and again until ctx is done. After each answer it calls heard;
// turn hears once that the service is silent, and once, with nil, that it is back.
func (s *service) follow(ctx context.Context, heard func(), turn func(error)) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	silent := false
	for {
		err := s.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			heard()
		}
		if silent != (err != nil) {
			turn(err)
		}
		silent = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// maxApplied bounds how many repairs of a service are remembered.
const maxApplied = 100

// merge keeps the repairs that a process knew that is no more: the next one forgets
// what has taken effect.
func merge(old, news []fault.Applied) []fault.Applied {
	merged := slices.DeleteFunc(slices.Clone(old), func(o fault.Applied) bool {
		undone := o.Effect.After(time.Now()) // or else it would still be on the list
		return undone || slices.ContainsFunc(news, func(n fault.Applied) bool { return n.At.Equal(o.At) })
	})
	merged = append(merged, news...)
	slices.SortStableFunc(merged, func(a, b fault.Applied) int { return a.At.Compare(b.At) })
	return merged[max(0, len(merged)-maxApplied):]
}

// order gives an order once: a second time, it might do more than it should.
func (s *service) order(o call) error {
	o.patience = orderPatience
	err := s.client.do(context.Background(), o)
	if err != nil {
		return s.explain(err)
	}
	_ = s.look(context.Background()) // if this fails, the next look shows what has changed
	return nil
}

// explain gives an error the type by which callers know it.
func (s *service) explain(err error) error {
	status, answered := refused(err)
	if !answered {
		return &faultapi.UnreachableError{Service: s.name, Err: err}
	}
	if status != http.StatusConflict {
		return err
	}
	_ = s.look(context.Background())
	if _, applied := s.known(); len(applied) > 0 {
		return &fault.BusyError{Applied: applied[len(applied)-1]}
	}
	return err
}

// clear ends the faults of a kind, and looks whether they are gone.
func (s *service) clear(ctx context.Context, kind string) ([]fault.Active, error) {
	var answer struct {
		Cleared []fault.Active `json:"cleared"`
	}
	o := call{method: http.MethodDelete, path: faultapi.FaultsPath, query: url.Values{}, out: &answer, patience: orderPatience}
	if kind != "" {
		o.query.Set("kind", kind)
	}
	if err := s.client.do(ctx, o); err != nil {
		return nil, s.explain(err)
	}
	if err := s.look(ctx); err != nil {
		return answer.Cleared, err
	}
	active, _ := s.known()
	for _, a := range active {
		if kind == "" || a.Kind == kind {
			return answer.Cleared, fmt.Errorf("%s of %s still acts after it was cleared", a.Kind, s.name)
		}
	}
	return answer.Cleared, nil
}

func (s *service) undo(ctx context.Context) error {
	err := s.client.do(ctx, call{method: http.MethodDelete, path: faultapi.FixesPath, patience: orderPatience})
	if err != nil {
		return s.explain(err)
	}
	s.mu.Lock()
	s.applied = slices.DeleteFunc(s.applied, func(a fault.Applied) bool { return a.Effect.After(time.Now()) })
	s.mu.Unlock()
	return nil
}

// Mirror keeps a set as that of a service, until ctx is done: for those to whom the
// faults of a service happen on the way to it. While the service does not answer the
// set stays as it is; warn hears of it once.
func Mirror(ctx context.Context, set *fault.Set, from Service, token string, warn func(error)) {
	s := newService(from, token, nil)
	s.follow(ctx, func() {
		active, _ := s.known()
		set.Mirror(active)
	}, func(err error) {
		if err != nil {
			warn(err)
		}
	})
}
