package line

import "math"

// Point is a place on the globe, in degrees: latitude -90 to 90, north
// positive; longitude -180 to 180, east positive.
type Point struct{ Lat, Lon float64 }

// earthRadius is the mean radius in kilometres (IUGG). A sphere is off by at
// most 0.5 % against the ellipsoid, far below the error of any address data.
const earthRadius = 6371.0088

// Distance returns the great-circle distance of two points in kilometres, by
// the haversine formula, which stays exact for near points.
func Distance(a, b Point) float64 {
	const rad = math.Pi / 180
	dLat, dLon := (b.Lat-a.Lat)*rad, (b.Lon-a.Lon)*rad
	h := sq(math.Sin(dLat/2)) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*sq(math.Sin(dLon/2))
	return 2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(h)))
}

func sq(x float64) float64 { return x * x }

// pointScale is the precision that a map keeps: 1e-4 degrees, 11 m, the
// precision of the city data.
const pointScale = 1e4

func packPoint(p Point) (lat, lon int32) {
	return int32(math.Round(p.Lat * pointScale)), int32(math.Round(p.Lon * pointScale))
}

func unpackPoint(lat, lon int32) Point {
	return Point{Lat: float64(lat) / pointScale, Lon: float64(lon) / pointScale}
}
