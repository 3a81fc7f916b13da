package monitoring

// dashboard is one page of Grafana, before it is laid out.
type dashboard struct {
	UID, Title string
	Variables  []variable
	Rows       []row
}

// variable is a choice at the top of a dashboard, filled from a label's values.
type variable struct {
	// Name is used in queries as $Name; Label is the label whose values are offered.
	Name, Label string
	// Series is the selector whose label values are offered.
	Series string
}

// row is a line of panels of equal width under a heading.
type row struct {
	Title  string
	Panels []panel
}

// kind is how a panel shows its queries.
type kind string

const (
	overTime kind = "timeseries"
	number   kind = "stat"
	bars     kind = "bargauge"
)

// unit is Grafana's identifier of a unit.
type unit string

const (
	unitShort       unit = "short"
	unitShare       unit = "percentunit" // 0 to 1
	unitBytes       unit = "bytes"
	unitBytesPerSec unit = "Bps"
	unitSeconds     unit = "s"
	unitPerSecond   unit = "ops"
	unitRequests    unit = "reqps"
)

// panel is one picture.
type panel struct {
	Title   string
	Kind    kind
	Unit    unit
	Queries []query
	// Warn and Bad colour a number from that value on; both zero for none.
	Warn, Bad float64
}

// query is a PromQL expression; Legend may use {{label}}.
type query struct{ Expr, Legend string }

// Grafana's grid is 24 columns wide; a row of panels is panelHeight lines high.
const (
	gridWidth   = 24
	panelHeight = 8
)
