package traffic

import "time"

// NodeStatus is what every node tells about itself, a few times a minute and when
// something changes. Control keeps the last one of each; it is never stored.
type NodeStatus struct {
	ID       string            `json:"id"`
	Roles    []string          `json:"roles"`
	Version  string            `json:"version"`
	Labels   map[string]string `json:"labels,omitempty"`
	DNS      []string          `json:"dns,omitempty" doc:"resolver: where it answers DNS, as it was told to listen."`
	Position Position          `json:"position" doc:"Configuration that it serves or probes by."`
	GeoMap   string            `json:"geo_map,omitempty" doc:"Hash of the location map in use."`
	Verdicts string            `json:"verdicts,omitempty" doc:"Digest of its verdict table; resolvers with equal observations agree."`
	Ready    bool              `json:"ready"`
	Cold     bool              `json:"cold,omitempty" doc:"Serving without having heard any vantage since it started."`
	Alarms   []string          `json:"alarms,omitempty" doc:"What is wrong, in sentences."`
	// Certificates are those of files that it serves; those of the installation's own
	// authority renew themselves.
	Certificates []CertificateStatus `json:"certificates,omitempty" doc:"TLS certificates from files that it serves."`
	Queries      uint64              `json:"queries,omitempty" doc:"DNS queries since start."`
	Started      time.Time           `json:"started"`
	Sent         time.Time           `json:"sent" doc:"Its own clock, for the skew alarm only."`
}

// CertificateStatus is a TLS certificate that a node serves.
type CertificateStatus struct {
	File   string    `json:"file"`
	EndsAt time.Time `json:"ends_at"`
}
