package forecast

// Fact is one figure that the model rests on.
type Fact struct {
	// Name says of what.
	Name  string
	Value float64
	// Unit is s for seconds, MB for 10⁶ bytes, MB/s, or empty for a count.
	Unit string
	// Source says where the figure is documented or who measured it, and when.
	Source string
	// Assumed figures are estimates: what is known about them is in Source.
	Assumed bool
}

var facts []Fact

// Facts are all figures of the model but those of images, in the order of a deployment.
func Facts() []Fact { return append([]Fact(nil), facts...) }

func documented(name string, value float64, unit, source string) float64 {
	facts = append(facts, Fact{Name: name, Value: value, Unit: unit, Source: source})
	return value
}

func assumed(name string, value float64, unit, why string) float64 {
	facts = append(facts, Fact{Name: name, Value: value, Unit: unit, Source: why, Assumed: true})
	return value
}
