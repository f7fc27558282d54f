package geo

import (
	"math"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/meridian-gtm/meridian/traffic/line"
)

func compiled(t testing.TB, dir string) *line.Map {
	t.Helper()
	m, _, err := Compile(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var sampleOnce sync.Once
var sampleShared *line.Map

// sampleMap is the map of geoFolder, made once.
func sampleMap(t testing.TB) *line.Map {
	t.Helper()
	sampleOnce.Do(func() { sampleShared = compiled(t, geoFolder(t)) })
	if sampleShared == nil {
		t.Fatal("the sample did not compile in another test")
	}
	return sampleShared
}

func chain(t testing.TB, m *line.Map, addr string) (string, line.Client) {
	t.Helper()
	c, err := Lookup(m, netip.MustParseAddr(addr))
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, l := range c.Lines {
		codes = append(codes, l.Code)
	}
	return strings.Join(codes, " "), c
}

func TestEverySampleNetworkIsInItsCountry(t *testing.T) {
	t.Parallel()
	m := sampleMap(t)
	for _, s := range dbipSample(t) {
		_, c := chain(t, m, s.net.Addr().String())
		want := strings.ToLower(s.country)
		if c.Country != want {
			t.Errorf("%s is in %q, want %q", s.net, c.Country, want)
		}
		if want == "cn" && s.net.Addr().Is4() && c.Subdivision == "" {
			t.Errorf("%s in %s has no province", s.net, s.state)
		}
	}
	provinces := map[string]bool{}
	for _, s := range family(dbipSample(t), false) {
		if code, ok := line.State("cn", s.state); ok && s.country == "CN" {
			provinces[code] = true
		}
	}
	if len(provinces) != 31 {
		t.Errorf("the names of the data give %d provinces, want 31", len(provinces))
	}
}

func TestLinesOfTheSample(t *testing.T) {
	t.Parallel()
	m := sampleMap(t)
	for _, c := range []struct{ sentence, addr, want, confidence string }{
		{"an operator by its AS", "116.10.1.1", "telecom:cn-gx telecom:cn-huanan telecom cn-gx cn-huanan cn asia default", "high"},
		{"a provincial AS beats the place data", "59.193.1.1", "mobile:cn-gd mobile:cn-huanan mobile cn-gd cn-huanan cn asia default", "medium"},
		{"a national mobile AS keeps a guessed province", "36.184.1.1", "mobile:cn-gd mobile:cn-huanan mobile cn-gd cn-huanan cn asia default", "low"},
		{"Tietong is under Mobile", "36.121.1.1", "mobile:cn-zj mobile:cn-huadong tietong mobile cn-zj cn-huadong cn asia default", "low"},
		{"a cloud by its AS", "47.100.1.1", "cloud:aliyun cloud cn-sh cn-huadong cn asia default", "high"},
		{"no operator known", "1.57.1.1", "cn-hl cn-dongbei cn asia default", "high"},
		{"IPv6 of an operator has no province", "240e:2001::1", "telecom cn asia default", "low"},
		{"nor where routing knows nothing of it", "2408:8000::1", "unicom cn asia default", "low"},
		{"a crawler by list, in unknown space", "66.249.66.1", "search:google search default", "none"},
		{"unknown space", "9.9.9.9", "default", "none"},
	} {
		got, client := chain(t, m, c.addr)
		if got != c.want || client.Confidence != c.confidence {
			t.Errorf("%s: %s is in\n  %s (%s), want\n  %s (%s)", c.sentence, c.addr, got, client.Confidence, c.want, c.confidence)
		}
	}
}

// Both layouts, apart or in one file, must give the same places.
func TestNestedLayoutGivesTheSamePlaces(t *testing.T) {
	t.Parallel()
	rows := dbipSample(t)
	dir := t.TempDir()
	writeMMDB(t, filepath.Join(dir, "own", "both.mmdb"), 6, "GeoLite2-City", rows, nested)
	m, r, err := Compile(dir)
	if err != nil {
		t.Fatal(err)
	}
	flatMap := sampleMap(t)
	for _, s := range family(rows, false) {
		a := s.net.Addr().String()
		_, x := chain(t, m, a)
		_, y := chain(t, flatMap, a)
		if x.Country != y.Country || x.Country != "cn" && (x.Subdivision != y.Subdivision || x.PointOK && y.PointOK && line.Distance(x.Point, y.Point) > 1) {
			t.Errorf("%s: nested says %s %s %v, flat %s %s %v", a, x.Country, x.Subdivision, x.Point, y.Country, y.Subdivision, y.Point)
		}
	}
	if got := strings.Join(r.About.Attribution, " "); got != creditMaxMind {
		t.Errorf("attribution of a MaxMind file: %q", got)
	}
	if len(r.Warnings) == 0 {
		t.Error("no warning although there is no AS table")
	}
}

func TestOwnFilesComeFirst(t *testing.T) {
	t.Parallel()
	dir := geoFolder(t)
	writeMMDB(t, filepath.Join(dir, "own", "mine.mmdb"), 6, "mine", []sample{
		{netip.MustParsePrefix("1.56.1.0/24"), "JP", "Tokyo", "Tokyo", 35.7, 139.7},
		{netip.MustParsePrefix("240e:2000:1::/48"), "CN", "Guangdong", "Shenzhen", 22.5, 114.1},
	}, flat)
	write(t, filepath.Join(dir, "lists", "mine.csv"), "# ours\nisp,drpeng,1.58.0.0/16\nisp,telecom,1.56.2.0/24,bj\ncloud,aws,AS4134\n")
	m := compiled(t, dir)
	for _, c := range []struct{ sentence, addr, want string }{
		{"a network of the own file", "1.56.1.1", "jp-13 jp oversea:asia asia oversea default"},
		{"its neighbour", "1.57.3.1", "cn-hl cn-dongbei cn asia default"},
		{"better IPv6 data may give a province", "240e:2000:1::1", "telecom:cn-gd telecom:cn-huanan telecom cn-gd cn-huanan cn asia default"},
		{"an own list with a province", "1.56.2.1", "telecom:cn-bj telecom:cn-huabei telecom cn-bj cn-huabei cn asia default"},
		{"an own AS entry adds to ours", "116.10.1.1", "cloud:aws cloud telecom:cn-gx telecom:cn-huanan telecom cn-gx cn-huanan cn asia default"},
	} {
		if got, _ := chain(t, m, c.addr); got != c.want {
			t.Errorf("%s: %s is in\n  %s, want\n  %s", c.sentence, c.addr, got, c.want)
		}
	}
}

func TestCompilingTwiceGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	dir := geoFolder(t)
	if a, b := compiled(t, dir), compiled(t, dir); a.Hash() != b.Hash() {
		t.Error("two compilations of one folder differ")
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	at := func(country, sub string) class {
		return class{loc: location{country: country, sub: sub}, conf: line.High}
	}
	telecom := asInfo{asn: 4134, isp: "telecom"}
	for _, c := range []struct {
		sentence    string
		v6          bool
		place       class
		as          asInfo
		isp, cloud  entry
		sub         string
		country     string
		wantISP     string
		wantCloud   string
		wantConf    line.Confidence
		wantASN     uint32
		searchEntry entry
	}{
		{sentence: "mainland AS abroad gives no operator line", place: at("us", "us-ca"), as: telecom, country: "us", sub: "us-ca", wantConf: line.High},
		{sentence: "mainland AS in unknown place is in China", place: class{}, as: telecom, country: "cn", wantISP: "telecom", wantConf: line.Low, wantASN: 4134},
		{sentence: "operator block placed abroad is in China", v6: true, place: at("us", "us-va"), isp: entry{code: "unicom"}, country: "cn", wantISP: "unicom", wantConf: line.Low},
		{sentence: "a user's list abroad is taken at its word", place: at("us", "us-ca"), isp: entry{code: "drpeng", user: true}, country: "us", sub: "us-ca", wantISP: "drpeng", wantConf: line.High},
		{sentence: "list beats routing", place: at("cn", "cn-bj"), as: telecom, isp: entry{code: "unicom"}, country: "cn", sub: "cn-bj", wantISP: "unicom", wantConf: line.High},
		{sentence: "agreeing provincial AS keeps the confidence", place: at("cn", "cn-gd"), as: asInfo{asn: 1, isp: "telecom", province: "cn-gd"}, country: "cn", sub: "cn-gd", wantISP: "telecom", wantConf: line.High, wantASN: 1},
		{sentence: "a known AS without a line gives none", place: at("cn", "cn-bj"), as: asInfo{asn: 4847, none: true}, country: "cn", sub: "cn-bj", wantConf: line.High},
		{sentence: "cloud by list", place: at("cn", "cn-bj"), as: telecom, cloud: entry{code: "tencent"}, country: "cn", sub: "cn-bj", wantISP: "telecom", wantCloud: "tencent", wantConf: line.High, wantASN: 4134},
		{sentence: "the own data's province stands in IPv6", v6: true, place: class{loc: location{country: "cn", sub: "cn-gd"}, conf: line.High, own: true}, as: telecom, country: "cn", sub: "cn-gd", wantISP: "telecom", wantConf: line.High, wantASN: 4134},
	} {
		loc, k := decide(c.v6, c.place, c.as, c.isp, c.cloud, c.searchEntry)
		if loc.country != c.country || loc.sub != c.sub || k.ISP != c.wantISP || k.Cloud != c.wantCloud || k.Confidence != c.wantConf || k.ASN != c.wantASN {
			t.Errorf("%s: %+v %+v", c.sentence, loc, k)
		}
	}
}

func TestDefaultPointsAreFoundAndLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	net := netip.MustParsePrefix
	writeMMDB(t, filepath.Join(dir, "own", "a.mmdb"), 4, "x", []sample{
		{net("20.0.0.0/9"), "BR", "Sao Paulo", "Sao Paulo", -23.5, -46.6}, // the head office
		{net("20.128.0.0/12"), "BR", "Amazonas", "Manaus", -3.1, -60.0},
		{net("20.144.0.0/12"), "BR", "Sao Paulo", "Campinas", -22.9, -47.1},
		{net("30.0.0.0/8"), "SG", "", "Singapore", 1.35, 103.82}, // rightly one point
		{net("31.0.0.0/10"), "FJ", "", "Suva", -18.1, 178.4},
		{net("31.64.0.0/10"), "FJ", "", "Labasa", -16.4, 179.4},
		{net("31.128.0.0/10"), "FJ", "", "Taveuni", -16.9, -179.9},
	}, flat)
	m, r, err := Compile(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Defaults) != 1 || r.Defaults[0].Country != "br" {
		t.Errorf("default points %+v, want one in br", r.Defaults)
	}
	if _, c := chain(t, m, "20.0.0.1"); c.PointOK || c.Confidence != "low" || c.Subdivision != "br-sp" {
		t.Errorf("an address at a default point: %+v", c)
	}
	if _, c := chain(t, m, "20.144.0.1"); !c.PointOK || line.Distance(c.Point, line.Point{Lat: -22.9, Lon: -47.1}) > 1 {
		t.Errorf("the default point moved the state's point: %+v", c)
	}
	if _, c := chain(t, m, "30.0.0.1"); !c.PointOK {
		t.Errorf("a city state has no point: %+v", c)
	}
	if _, c := chain(t, m, "31.0.0.1"); !c.PointOK || math.Abs(c.Point.Lon) < 178 {
		t.Errorf("a country on the date line is at %v", c.Point)
	}
}

func TestWithoutDataThereAreDefaultAndCustomLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := Open(dir)
	if err != nil || !m.Empty() {
		t.Fatalf("an empty folder gives %v, %v", m.Hash(), err)
	}
	if _, _, err := Compile(dir); err == nil || !strings.Contains(err.Error(), "meridian geo update") {
		t.Errorf("compiling nothing: %v", err)
	}
	w, err := line.NewWorld(m, []line.Custom{{Name: "office", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}})
	if err != nil {
		t.Fatal(err)
	}
	p := w.Partition([]string{"office", "cn"}, false)
	if class, scope, _ := p.Locate(netip.MustParseAddr("192.0.2.9")); p.Classes[class].Lines[0] != "office" || scope != 24 {
		t.Errorf("office is %v, scope %d", p.Classes[class], scope)
	}
	if s, err := Stats(dir); err != nil || s.AgeDays != -1 {
		t.Errorf("stats of nothing: %+v, %v", s, err)
	}
}

func TestUnlistedASNs(t *testing.T) {
	t.Parallel()
	dir := geoFolder(t)
	write(t, filepath.Join(dir, "own", "asn-ipv4.csv"), "1.56.0.0,1.57.255.255,65001,\"Harbin, Inc.\"\n1.58.0.0,3.28.0.255,65002,Half\n58.48.0.0,58.51.255.255,4134,Chinanet\n")
	got, err := UnlistedASNs(dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	// The second begins before the Chinese networks in its range and ends after them.
	if len(got) != 2 || got[0] != (ASCount{65001, "Harbin, Inc.", 131072}) || got[1] != (ASCount{65002, "Half", 65536}) {
		t.Errorf("unlisted %+v", got)
	}
}
