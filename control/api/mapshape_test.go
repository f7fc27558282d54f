package api_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
)

func TestMapShape(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "map.json")
	w := startWith(t, func(d *api.Deps, _ string) { d.MapFile = file })
	get := func() *reply { return w.do(auth.Viewer, "GET", "/api/v1/map/shape", "") }
	if got := get().want(200).json(); len(got) != 0 {
		t.Errorf("without a file it is %v", got)
	}
	for content, status := range map[string]int{` {"type":"FeatureCollection","features":[]}`: 200, "a map": 422, "": 422} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		get().want(status)
	}
}
