package boards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// hosts is about machines and the containers on them. Names are node_exporter's
// and cAdvisor's; "max by (service)" does not notice whether a container's figures
// come from cAdvisor, from the service itself or from both.
func hosts(r *rules) board {
	return board{
		name: uidHosts, title: "Hosts and containers", from: "now-3h",
		about: "What machines and containers have, and how much of it is used. Nobody is woken for a full machine; it explains why something else is slow.",
		variables: []variable{
			{name: "instance", title: "Host", series: "node_boot_time_seconds", with: "instance", many: true},
			{name: "service", title: "Service", series: `container_start_time_seconds{service!=""}`, with: "service", many: true},
		},
		shown: Shown{Drill: "repaired", At: aHalf},
		rows: []row{
			hostFigures(r),
			containerProcessors(r),
			containerRest(r),
		},
	}
}

func hostFigures(r *rules) row {
	const node = `instance=~"$instance"`
	return row{"Hosts", []panel{
		{
			title: "Processor in use", unit: units.PercentUnit, width: 6, top: new(1.0), limits: []limit{r.limit("HostBusy", "node_cpu_seconds_total")},
			about:   "Part of the time of all processors that was not idle. A busy host is a well-used host; beyond the line, look whether containers wait for their quota.",
			queries: []query{{expr: `1 - sum by (instance) (rate(node_cpu_seconds_total{mode="idle",` + node + `}[5m])) / sum by (instance) (rate(node_cpu_seconds_total{` + node + `}[5m]))`, legend: "{{instance}}"}},
		},
		{
			title: "Memory in use", unit: units.PercentUnit, width: 6, top: new(1.0),
			about:   "Memory that cannot be had, of all. Caches count as free.",
			queries: []query{{expr: `1 - node_memory_MemAvailable_bytes{` + node + `} / node_memory_MemTotal_bytes{` + node + `}`, legend: "{{instance}}"}},
		},
		{
			title: "Disk in use", unit: units.PercentUnit, width: 6, top: new(1.0),
			about:   "Used part of each file system.",
			queries: []query{{expr: `1 - node_filesystem_avail_bytes{` + node + `,fstype!~"tmpfs|overlay"} / node_filesystem_size_bytes{` + node + `,fstype!~"tmpfs|overlay"}`, legend: "{{instance}} {{mountpoint}}"}},
		},
		{
			title: "Time since the start", unit: units.Seconds, width: 6,
			about:   "A line that falls to 0 is a machine that was started anew.",
			queries: []query{{expr: `time() - node_boot_time_seconds{` + node + `}`, legend: "{{instance}}"}},
		},
		{
			title: "Disk: time busy", unit: units.PercentUnit, width: 12,
			about:   "Part of the time in which a disk worked. Near 100 % whoever writes waits.",
			queries: []query{{expr: `rate(node_disk_io_time_seconds_total{` + node + `}[$__rate_interval])`, legend: "{{instance}} {{device}}"}},
		},
		{
			title: "Network", unit: units.BytesPerSecondIEC, width: 12,
			about: "Bytes per second of each device, both ways.",
			queries: []query{
				{expr: `rate(node_network_receive_bytes_total{` + node + `,device!="lo"}[$__rate_interval])`, legend: "{{instance}} {{device}} in"},
				{expr: `rate(node_network_transmit_bytes_total{` + node + `,device!="lo"}[$__rate_interval])`, legend: "{{instance}} {{device}} out"},
			},
		},
	}}
}

func containerProcessors(r *rules) row {
	return row{"Containers: processor", []panel{
		{
			title: "Processors in use", unit: units.Short, width: 12, link: toService(),
			about:   "How many processors each container uses on average.",
			queries: []query{{expr: `max by (service) (rate(container_cpu_usage_seconds_total{service=~"$service"}[$__rate_interval]))`, legend: "{{service}}"}},
		},
		{
			title: "Waiting for the quota", unit: units.PercentUnit, width: 12, link: toService(),
			limits:  []limit{r.limit("ContainerThrottled", "service_resource:saturation:ratio_rate1m")},
			about:   "Part of the periods in which a container was throttled, over 5 minutes. Beyond the line for ten minutes it is a ticket: raise the quota or do less.",
			queries: []query{{expr: `avg_over_time(service_resource:saturation:ratio_rate1m{resource="cpu",service=~"$service"}[5m])`, legend: "{{service}}"}},
		},
	}}
}

func containerRest(r *rules) row {
	leak := &Shown{Drill: "memory-leak", At: 20 * time.Minute}
	return row{"Containers: memory, volume, network", []panel{
		{
			title: "Memory, of the limit", unit: units.PercentUnit, link: toService(), shown: leak, top: new(1.0), alerts: []string{"ContainerKilled", "ContainerRestarted"},
			about:   "At 100 % the kernel kills the container: a saw-tooth is a leak that is ended by kills.",
			queries: []query{{expr: `max by (service) (container_memory_working_set_bytes{service=~"$service"} / (container_spec_memory_limit_bytes{service=~"$service"} > 0))`, legend: "{{service}}"}},
		},
		{
			title: "Memory in four hours, of the limit", unit: units.PercentUnit, link: toService(), shown: leak,
			limits:  []limit{r.limit("MemoryFillsUp", "container_memory_working_set_bytes")},
			about:   "A straight line through the last half hour, four hours on. What stays beyond the line becomes a ticket, while there is time.",
			queries: []query{{expr: `max by (service) (predict_linear(container_memory_working_set_bytes{service=~"$service"}[30m], 4 * 3600) / (container_spec_memory_limit_bytes{service=~"$service"} > 0))`, legend: "{{service}}"}},
		},
		{
			title: "Killed for memory", unit: units.NoUnit, link: toService(), shown: leak,
			about:   "Kills in the last 5 minutes. What was being served was lost each time.",
			alerts:  []string{"ContainerKilled"},
			queries: []query{{expr: `max by (service) (increase(container_oom_events_total{service=~"$service"}[5m]))`, legend: "{{service}}"}},
		},
		{
			title: "Volume, of its size", unit: units.PercentUnit, link: toService(), top: new(1.0),
			about:   "Used part of the volume of each container that has one. When it is full nothing more can be stored.",
			queries: []query{{expr: `max by (service) (container_fs_usage_bytes{service=~"$service"} / (container_fs_limit_bytes{service=~"$service"} > 0))`, legend: "{{service}}"}},
		},
		{
			title: "Volume in four hours, of its size", unit: units.PercentUnit, link: toService(),
			limits:  []limit{r.limit("DiskFillsUp", "container_fs_usage_bytes")},
			about:   "A straight line through the last half hour, four hours on.",
			queries: []query{{expr: `max by (service) (predict_linear(container_fs_usage_bytes{service=~"$service"}[30m], 4 * 3600) / (container_fs_limit_bytes{service=~"$service"} > 0))`, legend: "{{service}}"}},
		},
		{
			title: "Network, by container", unit: units.BytesPerSecondIEC, link: toService(),
			about: "Bytes per second, both ways.",
			queries: []query{
				{expr: `max by (service) (rate(container_network_receive_bytes_total{service=~"$service"}[$__rate_interval]))`, legend: "{{service}} in"},
				{expr: `max by (service) (rate(container_network_transmit_bytes_total{service=~"$service"}[$__rate_interval]))`, legend: "{{service}} out"},
			},
		},
	}}
}
