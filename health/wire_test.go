package health_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

func observation() *rapid.Generator[health.Observation] {
	return rapid.Custom(func(t *rapid.T) health.Observation {
		return health.Observation{
			Key:     traffic.TaskKey{Address: rapid.StringN(1, 20, 128).Draw(t, "address"), Template: rapid.StringN(1, 20, 128).Draw(t, "template"), Port: rapid.IntRange(0, 65535).Draw(t, "port")},
			Def:     rapid.Uint64().Draw(t, "def"),
			Finding: rapid.SampledFrom([]verdict.Finding{verdict.Abstain, verdict.Good, verdict.Failed}).Draw(t, "finding"),
			Age:     time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "age")) * time.Millisecond,
			Latency: time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "latency")) * time.Microsecond,
			Code:    rapid.SampledFrom([]string{"", "timeout", "refused"}).Draw(t, "code"),
			Reason:  rapid.StringN(0, 60, health.MaxReason).Draw(t, "reason"),
		}
	})
}

func TestBatchComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := &health.Batch{Head: health.Head{Version: health.Version, Vantage: "hz-1", Instance: "i", Seq: rapid.Uint64Min(1).Draw(t, "seq")},
			Observations: rapid.SliceOfN(observation(), 1, 5).Draw(t, "observations")}
		again, err := health.DecodeBatch("hz-1", health.Encode(b))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, b) {
			t.Fatalf("%+v came back as %+v", b, again)
		}
	})
}

func TestDecodersRefuse(t *testing.T) {
	t.Parallel()
	const obs = `{"a":"x","t":"web","p":80,"d":"ff","f":"good","s":1}`
	batch := func(in string) string { return `{"v":1,"vantage":"hz","instance":"i","seq":3,"obs":[` + in + `]}` }
	for _, c := range []struct{ sentence, data, want string }{
		{"nothing", ``, "unexpected end"},
		{"another version, whatever else it has", `{"v":2,"vantage":7}`, "has version 2"},
		{"no version", `{"vantage":"hz","instance":"i","seq":3}`, "has version 0"},
		{"another vantage than the subject's", strings.Replace(batch(obs), `"hz"`, `"bj"`, 1), `of "bj"`},
		{"no instance", `{"v":1,"vantage":"hz","seq":3}`, "bad instance"},
		{"no number", `{"v":1,"vantage":"hz","instance":"i"}`, "no number"},
		{"an unknown finding", batch(strings.Replace(obs, "good", "fine", 1)), "not a finding"},
		{"a definition that is no number", batch(strings.Replace(obs, "ff", "xyz", 1)), "bad definition"},
		{"an observation of nothing", batch(`{"d":"0","f":"good"}`), "bad key"},
		{"a port out of range", batch(strings.Replace(obs, "80", "65536", 1)), "bad key"},
		{"a finding from the future", batch(strings.Replace(obs, `"s":1`, `"s":-1`, 1)), "bad times"},
		{"an age that overflows", batch(strings.Replace(obs, `"s":1`, `"s":9223372036854775807`, 1)), "bad times"},
		{"a reason without end", batch(strings.Replace(obs, `"s":1`, `"r":"`+strings.Repeat("x", 301)+`"`, 1)), "too long"},
		{"more than the bus carries", strings.Repeat(" ", 1<<20+1), "at most"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			_, err := health.DecodeBatch("hz", []byte(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want it to have %q", err, c.want)
			}
		})
	}
	if _, err := health.DecodeBatch("hz", []byte(batch(obs))); err != nil {
		t.Errorf("the batch that the others are made of: %v", err)
	}
	for _, bad := range []string{`{"v":1,"vantage":"hz","instance":"i","active_ns":-1}`, `{"v":1,"vantage":"hz","instance":"i","labels":{"":"x"}}`} {
		if _, err := health.DecodeBeat("hz", []byte(bad)); err == nil {
			t.Errorf("beat %s is taken", bad)
		}
	}
	for _, bad := range []string{``, `{"v":9}`, `[]`, strings.Repeat(" ", 5000) + `{"v":1}`} {
		if _, err := health.DecodeRequest([]byte(bad)); err == nil {
			t.Errorf("request %.20q is taken", bad)
		}
	}
}

func TestReasonsAreCutAtARune(t *testing.T) {
	t.Parallel()
	o := health.Observation{Key: traffic.TaskKey{Address: "a", Template: "t"}, Reason: strings.Repeat("ü", 200)}
	b, err := health.DecodeBatch("hz", health.Encode(health.Batch{Head: health.Head{Version: 1, Vantage: "hz", Instance: "i", Seq: 1}, Observations: []health.Observation{o}}))
	if err != nil || b.Observations[0].Reason != strings.Repeat("ü", 150) {
		t.Errorf("%v %+v", err, b)
	}
}

func TestVantageIDs(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"a", "hz-1", "HZ_2", strings.Repeat("x", 63)} {
		if err := health.CheckVantage(ok); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
		for _, prefix := range []string{"", "meridian."} {
			if id, err := health.VantageOf(prefix+health.ObsPrefix+ok, health.ObsPrefix); err != nil || id != ok {
				t.Errorf("vantage of %q: %q, %v", ok, id, err)
			}
		}
	}
	for _, bad := range []string{"", "a.b", "*", ">", "a b", "hä", strings.Repeat("x", 64), "a\n"} {
		if health.CheckVantage(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
		if _, err := health.VantageOf(health.ObsPrefix+bad, health.ObsPrefix); err == nil {
			t.Errorf("subject of %q is taken", bad)
		}
	}
	if _, err := health.VantageOf("health.beat.hz", health.ObsPrefix); err == nil {
		t.Error("another subject is taken")
	}
}

// FuzzDecode: what a decoder takes, it takes again from its own encoding, the same.
func FuzzDecode(f *testing.F) {
	head := health.Head{Version: 1, Vantage: "hz", Instance: "i", Seq: 7}
	obs := []health.Observation{{Key: traffic.TaskKey{Address: "a", Template: "t", Port: 80}, Def: 1 << 60, Finding: verdict.Failed, Age: time.Second, Code: "timeout", Reason: "no answer"}}
	k := obs[0].Key
	f.Add(health.Encode(health.Batch{Head: head, Observations: obs}))
	f.Add(health.Encode(health.Beat{Head: head, Labels: map[string]string{"country": "CN"}, Isolated: "why", Active: time.Hour, Tasks: 3}))
	f.Add(health.Encode(health.StatePage{Beat: health.Beat{Head: head}, Observations: obs, More: &k}))
	f.Add(health.Encode(health.StateRequest{Version: 1, Instance: "i", After: &k}))
	f.Add([]byte(`{"v":1,"vantage":"hz","instance":"i","seq":1,"obs":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		same := func(first, second any, err error) {
			if err != nil || !bytes.Equal(health.Encode(first), health.Encode(second)) {
				t.Fatalf("%s came back as %s: %v", health.Encode(first), health.Encode(second), err)
			}
		}
		if b, err := health.DecodeBatch("hz", data); err == nil {
			again, err := health.DecodeBatch("hz", health.Encode(b))
			same(b, again, err)
			for _, o := range b.Observations {
				if o.Age < 0 || o.Latency < 0 || o.Key.Address == "" && o != (health.Observation{}) {
					t.Fatalf("%+v", o)
				}
			}
		}
		if b, err := health.DecodeBeat("hz", data); err == nil {
			again, err := health.DecodeBeat("hz", health.Encode(b))
			same(b, again, err)
		}
		if p, err := health.DecodePage("hz", data); err == nil {
			again, err := health.DecodePage("hz", health.Encode(p))
			same(p, again, err)
		}
		if q, err := health.DecodeRequest(data); err == nil {
			again, err := health.DecodeRequest(health.Encode(q))
			same(q, again, err)
		}
	})
}
