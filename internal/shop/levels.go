package shop

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/fault"
)

// levels shows what has a level and is not counted request by request: places
// and who waits for them, the queue, the pool, the container. All of it is
// looked at once per scrape, so that the figures belong together.
type levels struct{ process *process }

// level is one series of a scrape.
type level struct {
	name, help string
	kind       prometheus.ValueType
	value      float64
	labels     [2]string // name and value of its only label; empty: none
}

// Describe sends nothing: which series there are depends on the service.
func (l *levels) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (l *levels) Collect(out chan<- prometheus.Metric) {
	p, now := l.process, time.Now()
	st := p.service.faults.State(now, p.start)
	all := append(p.requestLevels(st), p.releaseLevels(st)...)
	if p.service.spec.pool > 0 {
		all = append(all, p.poolLevels(st)...)
	}
	if p.service.jobs != nil {
		all = append(all, jobsLevels(p.service.jobs, now, st)...)
	}
	stats, err := p.stats(now, st)
	if err != nil {
		p.service.log.Warn("read the container's figures", "err", err)
	}
	for _, v := range append(all, containerLevels(stats)...) {
		var names, values []string
		if v.labels[0] != "" {
			names, values = []string{v.labels[0]}, []string{v.labels[1]}
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(v.name, v.help, names, nil), v.kind, v.value, values...)
	}
}

func gauge(name, help string, value float64) level {
	return level{name: name, help: help, kind: prometheus.GaugeValue, value: value}
}

func counter(name, help string, value float64) level {
	return level{name: name, help: help, kind: prometheus.CounterValue, value: value}
}

func (p *process) requestLevels(st fault.State) []level {
	busy, waiting := p.workers.levels()
	return []level{
		gauge("http_server_active_requests", "Requests that are worked on now.", float64(busy)),
		gauge("http_server_active_requests_limit", "Requests that can be worked on at a time.", float64(p.workerLimit(st))),
		gauge("http_server_queued_requests", "Requests that wait to be worked on now.", float64(waiting)),
		gauge("http_server_queued_requests_limit", "Requests that can wait at a time; more are answered 503.", float64(p.service.spec.queue)),
	}
}

func (p *process) releaseLevels(st fault.State) []level {
	build := gauge("service_build_info", "Always 1; the label says which release runs. A canary runs beside the usual one.", 1)
	runs := p.release
	if p.service.container != nil { // a real process is not made anew here
		runs = releaseOf(st)
	}
	build.labels = [2]string{"version", runs}
	list := []level{
		build,
		gauge("process_start_time_seconds", "When the process started, in seconds since the Unix epoch.", unixSeconds(p.start)),
	}
	if st.Canary != "" && st.Canary != runs {
		build.labels[1] = st.Canary
		list = append(list, build)
	}
	return list
}

func (p *process) poolLevels(st fault.State) []level {
	used, waiting := p.pool.levels()
	return []level{
		gauge("db_client_connections_used", "Database connections that requests hold now.", float64(used)),
		gauge("db_client_connections_limit", "Database connections that can be had at a time.", float64(p.poolLimit(st))),
		gauge("db_client_connections_waiting", "Requests that wait for a database connection now.", float64(waiting)),
	}
}

func jobsLevels(j *jobs, now time.Time, st fault.State) []level {
	l := j.levels(now, st)
	return []level{
		gauge("queue_jobs", "Jobs that wait in the queue now.", float64(l.waiting)),
		gauge("queue_jobs_limit", "Jobs that can wait at a time; requests that bring more are answered 503.", float64(j.limit)),
		gauge("queue_oldest_job_age_seconds", "How long the oldest job has been waiting, in seconds; 0 where none waits.", l.oldest.Seconds()),
		counter("queue_jobs_processed_total", "Jobs that were done.", float64(l.processed)),
		counter("queue_jobs_set_aside_total", "Jobs that somebody set aside to be replayed later.", float64(l.setAside)),
	}
}

func containerLevels(s ContainerStats) []level {
	list := []level{
		counter("container_cpu_usage_seconds_total", "Processor time that the container used, in seconds.", s.CPUUsage.Seconds()),
		counter("container_cpu_cfs_periods_total", "Periods of the processor quota that have passed.", float64(s.CPUPeriods)),
		counter("container_cpu_cfs_throttled_periods_total", "Periods in which the quota was used up and somebody waited.", float64(s.CPUThrottledPeriods)),
		counter("container_cpu_cfs_throttled_seconds_total", "Time in which somebody waited for the quota, in seconds.", s.CPUThrottled.Seconds()),
		gauge("container_memory_working_set_bytes", "Memory that cannot be taken from the container, in bytes.", float64(s.MemoryWorkingSet)),
		counter("container_oom_events_total", "Times that the kernel killed a process because memory was used up.", float64(s.OOMKills)),
		gauge("container_start_time_seconds", "When the container started, in seconds since the Unix epoch.", unixSeconds(s.Started)),
		counter("container_network_receive_bytes_total", "Bytes that the container received.", float64(s.NetworkReceived)),
		counter("container_network_transmit_bytes_total", "Bytes that the container sent.", float64(s.NetworkSent)),
	}
	if s.CPUQuota > 0 {
		list = append(list,
			gauge("container_spec_cpu_quota", "Processor time that the container may use per period, in microseconds.", s.CPUQuota*float64(cpuPeriod.Microseconds())),
			gauge("container_spec_cpu_period", "Length of a period, in microseconds.", float64(cpuPeriod.Microseconds())))
	}
	if s.MemoryLimit > 0 {
		list = append(list, gauge("container_spec_memory_limit_bytes", "Memory that the container may have, in bytes.", float64(s.MemoryLimit)))
	}
	if s.DiskLimit > 0 {
		list = append(list,
			gauge("container_fs_usage_bytes", "Bytes that are used of the container's volume.", float64(s.DiskUsed)),
			gauge("container_fs_limit_bytes", "Bytes that the container's volume has.", float64(s.DiskLimit)))
	}
	return list
}

func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
