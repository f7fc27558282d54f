package cli

import (
	"reflect"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/config"
	"github.com/meridian-gtm/meridian/node"
	"github.com/meridian-gtm/meridian/resolve/dnstap"
)

func TestTelemetrySettings(t *testing.T) {
	t.Parallel()
	n := config.Node{Metrics: config.Metrics{Token: "/t", Names: "50"}, QueryLog: config.QueryLog{File: "/q", Sample: "100", Size: "500mb", Keep: "7", Clients: "whole", Tail: "off"},
		Dnstap: config.Dnstap{To: "tcp:192.0.2.1:6000", Sample: "10", Domains: []string{"WWW.Example.com./a"}, Messages: "both"}}
	var o node.Options
	if err := telemetry(&n, &o); err != nil {
		t.Fatal(err)
	}
	want := node.Options{MetricsToken: "/t", MetricsNames: 50, QueryLog: node.QueryLog{File: "/q", Every: 100, Size: 500 << 20, Keep: 7, Whole: true, NoTail: true},
		Dnstap: node.Dnstap{Target: dnstap.Target{Network: "tcp", Address: "192.0.2.1:6000"}, Every: 10, Domains: []string{"www.example.com/A"}, Queries: true}}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v, want %+v", o, want)
	}
	for flag, n := range map[string]config.Node{
		"--metrics-names":    {Metrics: config.Metrics{Names: "many"}},
		"--querylog-sample":  {QueryLog: config.QueryLog{Sample: "0"}},
		"--querylog-size":    {QueryLog: config.QueryLog{Size: "9223372036854775807GB"}},
		"--querylog-keep":    {QueryLog: config.QueryLog{Keep: "-1"}},
		"--querylog-clients": {QueryLog: config.QueryLog{Clients: "some"}},
		"--querylog-tail":    {QueryLog: config.QueryLog{Tail: "no"}},
		"--dnstap-to":        {Dnstap: config.Dnstap{To: "udp:1.2.3.4:5"}},
		"--dnstap-sample":    {Dnstap: config.Dnstap{Sample: "5"}},
		"--dnstap-domains":   {Dnstap: config.Dnstap{To: "unix:/d", Domains: []string{"www"}}},
		"--dnstap-messages":  {Dnstap: config.Dnstap{To: "unix:/d", Messages: "queries"}},
	} {
		if err := telemetry(&n, &node.Options{}); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
