package shop

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The sizes of the modelled host.
const (
	hostCores      = 4
	hostMemory     = 8 << 30
	hostMemoryBase = 1 << 30 // used by the system itself
	hostDisk       = 40 << 30
	hostDiskBase   = 12 << 30
	hostIdleLoad   = 0.03    // share of the processors that the system itself uses
	diskSpeed      = 100e6   // bytes per second
	storedBytes    = 4 << 10 // written per request, logs included
)

// Host is the model of the machine that the containers of a shop share. Its
// metrics have the names of node_exporter's and are worked out from what the
// containers use, whenever it is collected. It is safe for concurrent use.
type Host struct {
	services []*Service
	booted   time.Time

	mu     sync.Mutex
	looked time.Time
	before map[*Service]ContainerStats
	cpu    struct{ used, idle, waited float64 } // seconds of one processor
	disk   struct{ written, busy float64 }      // bytes, seconds
	net    struct{ received, sent float64 }     // bytes
}

// NewHost returns the host of the services, which have modelled containers.
func NewHost(services ...*Service) *Host {
	now := time.Now()
	return &Host{services: services, booted: now, looked: now, before: map[*Service]ContainerStats{}}
}

// Describe sends nothing: the series are made when they are collected.
func (h *Host) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (h *Host) Collect(out chan<- prometheus.Metric) {
	h.mu.Lock()
	defer h.mu.Unlock()
	free := h.advance(time.Now())
	send := func(name, help string, kind prometheus.ValueType, v float64, labels ...string) {
		var names, values []string
		for i := 0; i+1 < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, labels[i+1])
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, v, values...)
	}
	for i := range hostCores {
		for _, m := range []struct {
			mode    string
			seconds float64
		}{{"user", h.cpu.used}, {"iowait", h.cpu.waited}, {"idle", h.cpu.idle}} {
			send("node_cpu_seconds_total", "Time that a processor spent in each mode, in seconds.", prometheus.CounterValue, m.seconds,
				"cpu", strconv.Itoa(i), "mode", m.mode)
		}
	}
	send("node_memory_MemTotal_bytes", "Memory of the host, in bytes.", prometheus.GaugeValue, hostMemory)
	send("node_memory_MemAvailable_bytes", "Memory of the host that can be had, in bytes.", prometheus.GaugeValue, free.memory)
	send("node_filesystem_size_bytes", "Size of a file system, in bytes.", prometheus.GaugeValue, hostDisk, "mountpoint", "/")
	send("node_filesystem_avail_bytes", "Bytes that can be had of a file system.", prometheus.GaugeValue, free.disk, "mountpoint", "/")
	send("node_disk_written_bytes_total", "Bytes written to a disk.", prometheus.CounterValue, h.disk.written, "device", "vda")
	send("node_disk_io_time_seconds_total", "Time in which a disk was busy, in seconds.", prometheus.CounterValue, h.disk.busy, "device", "vda")
	send("node_network_receive_bytes_total", "Bytes received on a network device.", prometheus.CounterValue, h.net.received, "device", "eth0")
	send("node_network_transmit_bytes_total", "Bytes sent on a network device.", prometheus.CounterValue, h.net.sent, "device", "eth0")
	send("node_boot_time_seconds", "When the host was booted, in seconds since the Unix epoch.", prometheus.GaugeValue, unixSeconds(h.booted))
}

// room is what the host has left, in bytes.
type room struct{ memory, disk float64 }

// advance adds up what the containers have used since it was called last.
func (h *Host) advance(now time.Time) room {
	dt := now.Sub(h.looked).Seconds()
	h.looked = now
	free := room{memory: hostMemory - hostMemoryBase, disk: hostDisk - hostDiskBase}
	used, burn := hostIdleLoad*hostCores*dt, 0.0
	written := 0.0
	for _, s := range h.services {
		st := s.State(now)
		stats, err := s.Stats(now)
		if err != nil {
			continue // a modelled container has no errors
		}
		was := h.before[s]
		if stats.Started.After(was.Started) { // its counters have started again
			was = ContainerStats{DiskUsed: was.DiskUsed}
		}
		h.before[s] = stats
		burn = max(burn, st.HostBurn)
		used += (stats.CPUUsage - was.CPUUsage).Seconds()
		sent := float64(stats.NetworkSent - was.NetworkSent)
		h.net.sent += sent
		h.net.received += float64(stats.NetworkReceived - was.NetworkReceived)
		written += sent/bytesSent*storedBytes + float64(max(0, stats.DiskUsed-was.DiskUsed))
		free.memory -= float64(stats.MemoryWorkingSet)
		free.disk -= float64(stats.DiskUsed)
	}
	used = min(used+burn*hostCores*dt, hostCores*dt)
	h.disk.written += written
	busy := min(written/diskSpeed, dt)
	h.disk.busy += busy
	h.cpu.used += used / hostCores
	h.cpu.waited += min(busy, hostCores*dt-used) / hostCores
	h.cpu.idle += max(0, hostCores*dt-used-busy) / hostCores
	return free
}
