package node

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Metric is one family that a node serves under /metrics.
type Metric struct {
	Name   string
	Help   string
	Type   string // gauge, counter or histogram
	Labels []string
	Role   string // that has it, "" for every node
	Opt    string // setting without which it is absent, "" for none

	desc    *prometheus.Desc
	buckets []float64
}

// Metrics are all of them, by name. Those of the Go runtime and of the process, which
// begin with go_ and process_, are not among them.
func Metrics() []Metric {
	out := make([]Metric, len(described))
	for i, m := range described {
		out[i] = *m
	}
	slices.SortFunc(out, func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// described is filled while the variables of metrics*.go are made, and then read only.
var described []*Metric

func describe(role, typ, name, help string, labels []string) *Metric {
	m := &Metric{Name: "meridian_" + name, Help: help, Type: typ, Labels: labels, Role: role}
	m.desc = prometheus.NewDesc(m.Name, help, labels, nil)
	described = append(described, m)
	return m
}

func gauge(role, name, help string, labels ...string) *Metric {
	return describe(role, "gauge", name, help, labels)
}

func counter(role, name, help string, labels ...string) *Metric {
	return describe(role, "counter", name, help, labels)
}

func histogram(role, name, help string, buckets []float64, labels ...string) *Metric {
	m := describe(role, "histogram", name, help, labels)
	m.buckets = buckets
	return m
}

func (m *Metric) only(opt string) *Metric {
	m.Opt = opt
	return m
}

func (m *Metric) counterVec() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

func (m *Metric) histogramVec() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: m.buckets}, m.Labels)
}

// put tells one value of a metric, with its labels' in their order.
type put func(m *Metric, value float64, labels ...string)

// measures asks the parts of a node when somebody scrapes: nothing is counted twice.
type measures []func(put)

// Describe implements prometheus.Collector: it says nothing before, for which series
// there are depends on the node's state.
func (measures) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (s measures) Collect(ch chan<- prometheus.Metric) {
	for _, f := range s {
		f(func(m *Metric, value float64, labels ...string) {
			typ := prometheus.GaugeValue
			if m.Type == "counter" {
				typ = prometheus.CounterValue
			}
			ch <- prometheus.MustNewConstMetric(m.desc, typ, value, labels...)
		})
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
