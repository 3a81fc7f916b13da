package cost

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/capacity"
)

// Alternative is an instance type with its monthly bill at a load.
type Alternative struct {
	capacity.InstanceType
	// Architecture is x86_64 or arm64, which needs images of its own.
	Architecture string
	// Instance and Credits are the amounts a month on demand.
	Instance, Credits Cents
}

// Monthly returns the sum.
func (a Alternative) Monthly() Cents { return a.Instance + a.Credits }

// otherTypes are burstable types that a node could have besides those of package capacity
// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html).
var otherTypes = []capacity.InstanceType{
	{Name: "t3a.small", VCPU: 2, MemoryMiB: 2048, BaselinePercent: 20},
	{Name: "t3a.medium", VCPU: 2, MemoryMiB: 4096, BaselinePercent: 20},
	{Name: "t3a.large", VCPU: 2, MemoryMiB: 8192, BaselinePercent: 30},
	{Name: "t4g.small", VCPU: 2, MemoryMiB: 2048, BaselinePercent: 20},
	{Name: "t4g.medium", VCPU: 2, MemoryMiB: 4096, BaselinePercent: 20},
	{Name: "t4g.large", VCPU: 2, MemoryMiB: 8192, BaselinePercent: 30},
}

// Alternatives returns the types with the CPUs of t and at least its memory, t among them, in the order of their bill at an
// average load of 0 to 1.
func (p *Prices) Alternatives(t capacity.InstanceType, load float64) ([]Alternative, error) {
	var list []Alternative
	candidates := slices.Clone(otherTypes)
	for _, name := range capacity.InstanceTypeNames() {
		kind, err := capacity.LookupInstanceType(name)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, kind)
	}
	for _, kind := range candidates {
		if kind.VCPU != t.VCPU || kind.MemoryMiB < t.MemoryMiB {
			continue
		}
		one, err := p.alternative(kind, load)
		if err != nil {
			return nil, fmt.Errorf("alternatives of %s: %w", t.Name, err)
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Alternative) int {
		return cmp.Or(cmp.Compare(a.Monthly(), b.Monthly()), strings.Compare(a.Name, b.Name))
	})
	return list, nil
}

func (p *Prices) alternative(kind capacity.InstanceType, load float64) (Alternative, error) {
	family, _, _ := strings.Cut(kind.Name, ".")
	out := Alternative{InstanceType: kind, Architecture: "x86_64"}
	if strings.HasSuffix(family, "g") {
		out.Architecture = "arm64"
	}
	price, err := p.Of("instance/" + kind.Name)
	if err != nil {
		return out, err
	}
	out.Instance = ToCents(price.USD * p.HoursPerMonth)
	if kind.BaselinePercent == 0 {
		return out, nil
	}
	credits, err := p.Of("credits/" + family)
	out.Credits = ToCents(credits.USD * SurplusHours(kind, load, p.HoursPerMonth))
	return out, err
}
