// Package storm sends the alerts of a whole datacentre through Alertmanager's grouping
// to one phone, in real time, and measures what that costs. `gameday storm` runs it.
package storm

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"goldensignals/internal/alert"
	"goldensignals/internal/engine"
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

// phone is who is called in a storm.
const phone = "+4915550100000"

// The addresses in Alertmanager's configuration.
const (
	alertmanagerAddr = "alertmanager:9093"
	routerAddr       = "alertrouter:8080"
)

// files has Alertmanager's configuration in a storm.
//
//go:embed storm.yml
var files embed.FS

// Options describe a storm: every container of every node is down at once.
type Options struct {
	Nodes, Containers int           // containers of each node
	Watch             time.Duration // how long to look at what the phone gets, from the first alert
	// Router starts the router in a process of its own on an empty data folder; it
	// must run Router. Its memory is what is measured.
	Router func(ctx context.Context, dataDir string) *exec.Cmd
	Log    *slog.Logger // nil: discards
}

// Result is what came of a storm. Times count from the first alert.
type Result struct {
	Alerts     int
	Posted     time.Duration // until Alertmanager had taken all alerts
	Incidents  int           // groups that the router was told of
	SMS        []SMS         // what the phone got, oldest first
	Waiting    int           // messages that wait for the phone's budget at the end
	RouterPeak int64         // bytes; the most memory that the router had, as the kernel counts it
	Ours       int64         // bytes; the same of this process, which is Alertmanager
}

// SMS is one SMS of a storm.
type SMS struct {
	After time.Duration
	Text  string
}

// Run sends the alerts of a whole datacentre through Alertmanager's grouping to
// a router with a phone, and says what the phone got and what it cost. It takes
// real time, and some kilobytes of memory for each alert.
func Run(ctx context.Context, o Options) (res Result, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := os.MkdirTemp("", "goldensignals-storm-")
	if err != nil {
		return res, fmt.Errorf("create data folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r, err := startRouter(ctx, o, filepath.Join(dir, "router"))
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	e, err := newEngine(o, dir, r.addr)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	if err := e.Start(); err != nil {
		return res, fmt.Errorf("start engines: %w", err)
	}
	began := time.Now()
	if err := post(ctx, e.AlertmanagerHandler(), o, began); err != nil {
		return res, err
	}
	res.Alerts, res.Posted = o.Nodes*o.Containers, time.Since(began)
	timer := time.NewTimer(time.Until(began.Add(o.Watch)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return res, context.Cause(ctx)
	case <-timer.C:
	}
	return res, r.measure(ctx, began, &res)
}

func newEngine(o Options, dir, router string) (*engine.Engine, error) {
	local := &url.URL{Scheme: "http", Host: "127.0.0.1:9093"}
	return engine.New(engine.Options{
		DataDir: filepath.Join(dir, "engine"), Rules: func() (engine.RuleFiles, error) { return nil, nil },
		Alertmanager:        engine.ConfigFromFS(files, "storm.yml"),
		AlertmanagerAddress: alertmanagerAddr, PrometheusURL: local, AlertmanagerURL: local,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == routerAddr {
				addr = router
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		Log: o.Log,
	})
}

// post hands all alerts to Alertmanager's API, those of one node at a time, by
// several senders as so many Prometheus servers would.
func post(ctx context.Context, alertmanager http.Handler, o Options, began time.Time) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range 2 {
		g.Go(func() error {
			for ctx.Err() == nil {
				node := int(next.Add(1)) - 1
				if node >= o.Nodes {
					return nil
				}
				if err := postNode(ctx, alertmanager, node, o.Containers, began); err != nil {
					return err
				}
			}
			return context.Cause(ctx)
		})
	}
	return g.Wait()
}

func postNode(ctx context.Context, alertmanager http.Handler, node, containers int, began time.Time) error {
	type posted struct {
		Labels      alert.Labels `json:"labels"`
		Annotations alert.Labels `json:"annotations"`
		StartsAt    time.Time    `json:"startsAt"`
		EndsAt      time.Time    `json:"endsAt"`
	}
	alerts := make([]posted, containers)
	name := fmt.Sprintf("node-%d", node)
	for i := range alerts {
		alerts[i] = posted{
			Labels: alert.Labels{
				"alertname": "ContainerDown", "severity": "critical", "service": fmt.Sprintf("service-%d", node%10),
				"node": name, "container": fmt.Sprintf("container-%d", i),
			},
			Annotations: alert.Labels{"summary": "Containers of " + name + " are down."},
			StartsAt:    began, EndsAt: began.Add(time.Hour),
		}
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+alertmanagerAddr+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("build request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	w := newAnswer()
	alertmanager.ServeHTTP(w, req)
	if w.code/100 != 2 {
		return fmt.Errorf("post the alerts of %s: answered %d: %s", name, w.code, w.body.String())
	}
	return nil
}

// answer keeps what a handler that is called directly says.
type answer struct {
	code   int
	header http.Header
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{code: http.StatusOK, header: http.Header{}} }

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// process is the router's process.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addr  string
}

func startRouter(ctx context.Context, o Options, dataDir string) (*process, error) {
	r := &process{cmd: o.Router(ctx, dataDir)}
	r.cmd.Stderr = os.Stderr
	in, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start router: %w", err)
	}
	r.stdin = in
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start router: %w", err)
	}
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start router: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the router did not say where it listens: %w", err), r.stop())
	}
	r.addr = strings.TrimSpace(line)
	return r, nil
}

// stop closes the router's stdin, at which it ends.
func (r *process) stop() error {
	_ = r.stdin.Close() // it has ended already, then
	if err := r.cmd.Wait(); err != nil {
		return fmt.Errorf("end router: %w", err)
	}
	return nil
}

func (r *process) measure(ctx context.Context, began time.Time, res *Result) error {
	var incidents []store.Incident
	if err := r.get(ctx, "/api/v1/incidents?limit=10000", &incidents); err != nil {
		return err
	}
	res.Incidents = len(incidents)
	var messages []alert.Notification
	if err := r.get(ctx, "/api/v1/messages?limit=10000", &messages); err != nil {
		return err
	}
	for i := len(messages) - 1; i >= 0; i-- {
		switch m := messages[i]; {
		case m.State != alert.Delivered:
			res.Waiting++
		case m.CarriedBy == "":
			res.SMS = append(res.SMS, SMS{m.DeliveredAt.Sub(began), m.Text})
		}
	}
	res.RouterPeak, res.Ours = peakMemory(r.cmd.Process.Pid), peakMemory(os.Getpid())
	return nil
}

func (r *process) get(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.addr+path, nil)
	if err != nil {
		return fmt.Errorf("ask router: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask router: %w", err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("ask router for %s: %w", path, err)
	}
	return nil
}

// peakMemory reads the most memory a process ever had resident; 0 where the
// system does not say. Source: proc(5), VmHWM.
func peakMemory(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return kB << 10
			}
		}
	}
	return 0
}

// Router runs a router with one phone and the budget that carriers bear, on a
// free port of this machine, which it writes to out. It ends when in does.
func Router(ctx context.Context, dataDir string, in io.Reader, out io.Writer) error {
	st, err := store.Open(ctx, store.Options{Path: filepath.Join(dataDir, "router.db")})
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // its folder is removed
	rt, err := router.New(router.Options{
		Store: st, ExternalURL: &url.URL{Scheme: "http", Host: "alerts.example.org", Path: "/"},
		Plan: router.Plan{
			Receivers: []router.Receiver{
				sms.New(sms.Options{Name: "oncall", To: phone, Inbox: st}),
				ticket.New(ticket.Options{Board: st}),
				logline.New(logline.Options{Journal: st}),
			},
			Limits: map[string]router.Limits{"oncall": {Budget: router.Budget{PerMinute: 1, Per15Minutes: 5, PerHour: 11}}},
		},
	})
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	srv := &http.Server{Handler: rt.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	ctx, cancel := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return rt.Run(ctx) })
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	fmt.Fprintln(out, ln.Addr())
	_, _ = io.Copy(io.Discard, in) // whoever started us has ended
	cancel()
	return errors.Join(srv.Close(), g.Wait())
}
