// Package kubernetes holds the demo as manifests for a cluster with the Prometheus
// Operator. The files in monitoring are made of the alerts that everything else uses.
package kubernetes

//go:generate go run goldensignals/cmd/gameday export --into=monitoring --runbook-base=http://127.0.0.1:8080/router/runbooks --dashboard-base=http://127.0.0.1:8080
