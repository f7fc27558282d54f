package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
)

// mostShape is far above a map of all the world's provinces, and what a browser still takes.
const mostShape = 32 << 20

func (s *server) mapShapeRoutes() {
	s.route(route{method: "GET", path: "/map/shape", id: "readMapShape", summary: "The shapes of the world for the console's map, as an administrator put them into the data folder", tag: "State", need: auth.Viewer,
		answer: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "TopoJSON or GeoJSON in WGS 84; an empty object when there is none, and the console has its own."}, handle: s.mapShape})
}

// mapShape is read anew each time, so that a new file needs no restart.
func (s *server) mapShape(*call) (answer, error) {
	none := answer{body: struct{}{}}
	if s.MapFile == "" {
		return none, nil
	}
	f, err := os.Open(s.MapFile)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return answer{}, fmt.Errorf("read the map's shapes: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostShape+1))
	if err != nil {
		return answer{}, fmt.Errorf("read the map's shapes: %w", err)
	}
	if b = bytes.TrimSpace(b); len(b) > mostShape || !bytes.HasPrefix(b, []byte("{")) {
		return answer{}, problem(http.StatusUnprocessableEntity, "damaged_map", "The file map.json in the data folder is no TopoJSON or GeoJSON of at most 32 MiB; put it right, or remove it.")
	}
	return answer{raw: b}, nil
}
