package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/growbin/cluster/components/capacity"
)

const (
	instanceType    = "aws:ec2/instance:Instance"
	associationType = "aws:ec2/eipAssociation:EipAssociation"
	// ItemCredits is the item of CPU time above the baseline.
	ItemCredits = "CPU credits"
	// detailedMetrics is the number of metrics of an instance with detailed monitoring.
	detailedMetrics = 7
)

// instance adds the machine, its root disk, its public address and its surplus credits.
func (e *estimate) instance(r Resource) {
	name := text(r.Inputs, "instanceType")
	share, how := e.buying(r)
	awake := e.awake(r)
	e.stopping(r, name, "instance/"+name, e.prices.HoursPerMonth*awake, share, how)
	if root, ok := r.Inputs["rootBlockDevice"]; ok && root.IsObject() {
		e.volume(r, "root disk", root.ObjectValue(), "volumeSize", "volumeType")
	} else {
		e.problems.NotSet(r.Name+".rootBlockDevice", "must be stated, so that its size is known")
	}
	if _, ok := r.Inputs["ebsBlockDevices"]; ok {
		e.problems.Add(r.Name+".ebsBlockDevices", "set", "must be volumes of their own, which components/cost prices")
	}
	if e.publicAddress(r) { // which AWS takes back while the instance is stopped
		e.stopping(r, "public IPv4", "publicIPv4", e.prices.HoursPerMonth*awake, 1, "")
	}
	if flag(r.Inputs, "monitoring") {
		e.line(r, "detailed monitoring", "metric", detailedMetrics, "")
	}
	e.credits(r, name)
}

// awake returns the share of the hours in which the instance runs.
func (e *estimate) awake(r Resource) float64 {
	for _, key := range []string{UsageAwake + "/" + r.Name, UsageAwake} {
		if share, ok := e.Usage[key]; ok {
			return share
		}
	}
	return 1
}

// stopping adds an item that is not billed while its instance is stopped.
func (e *estimate) stopping(r Resource, item, key string, quantity, share float64, note string) {
	before := len(e.table.Lines)
	e.bought(r, item, key, quantity, share, note)
	for i := before; i < len(e.table.Lines); i++ {
		e.table.Lines[i].Awake = e.awake(r)
	}
}

// buying returns the share of the on-demand price, and how the instance is bought.
func (e *estimate) buying(r Resource) (share float64, how string) {
	rate, committed := e.Commitments[r.Name]
	if market, ok := r.Inputs["instanceMarketOptions"]; ok && market.IsObject() && text(market.ObjectValue(), "marketType") == "spot" {
		if committed {
			e.problems.Add(r.Name, rate, "must not be set for a spot instance")
		}
		rate, committed = "spot", true
	}
	if !committed {
		return 1, ""
	}
	price, err := e.prices.Of("share/" + rate)
	if err != nil {
		e.problems.Include(r.Name, err)
	}
	return price.USD, fmt.Sprintf("%s at %g %% of on demand (%s)", rate, price.USD*100, price.Source)
}

// publicAddress reports whether EC2 assigns the instance an address of its own: its subnet does, and no Elastic IP takes its place.
func (e *estimate) publicAddress(r Resource) bool {
	for _, other := range e.Resources {
		if other.Type == associationType && slices.Contains(other.Uses["instanceId"], r.URN) {
			return false // the Elastic IP is billed
		}
	}
	if _, ok := r.Inputs["associatePublicIpAddress"]; ok {
		return flag(r.Inputs, "associatePublicIpAddress")
	}
	for _, urn := range r.Uses["subnetId"] {
		if subnet, ok := e.byURN[urn]; ok {
			return flag(subnet.Inputs, "mapPublicIpOnLaunch")
		}
	}
	e.problems.NotSet(r.Name+".subnetId", "must be a subnet of the program, so that the bill of its addresses is known")
	return false
}

// credits adds the CPU time above the baseline of a burstable type in unlimited mode. In standard mode the instance is slowed
// down to its baseline instead.
func (e *estimate) credits(r Resource, name string) {
	kind, err := capacity.LookupInstanceType(name)
	if err != nil {
		e.problems.Include(r.Name, err)
		return
	}
	if kind.BaselinePercent == 0 {
		return
	}
	if mode, ok := r.Inputs["creditSpecification"]; ok && mode.IsObject() && text(mode.ObjectValue(), "cpuCredits") == "standard" {
		return
	}
	load := e.used(r, UsageLoad)
	family, _, _ := strings.Cut(name, ".")
	e.stopping(r, ItemCredits, "credits/"+family, SurplusHours(kind, load, e.prices.HoursPerMonth*e.awake(r)), 1,
		fmt.Sprintf("load %g %%, baseline %d %%", load*100, kind.BaselinePercent))
}

// SurplusHours returns the vCPU-hours above the baseline of a burstable type at an average load of 0 to 1.
func SurplusHours(t capacity.InstanceType, load, hours float64) float64 {
	return max(load-float64(t.BaselinePercent)/100, 0) * float64(t.VCPU) * hours
}

// volume adds a disk. Only the performance that its type includes is priced.
func (e *estimate) volume(r Resource, item string, disk resource.PropertyMap, size string, kind resource.PropertyKey) {
	for _, extra := range []resource.PropertyKey{"iops", "throughput"} {
		if _, ok := disk[extra]; ok {
			e.problems.Add(r.Name+"."+string(extra), disk[extra], "must not be set: components/cost prices no additional performance")
		}
	}
	gib := number(disk, size)
	if gib == 0 {
		e.problems.NotSet(r.Name+"."+size, "must be known before the deployment")
	}
	e.line(r, item, "volume/"+text(disk, kind), gib, "")
}

func text(in resource.PropertyMap, key resource.PropertyKey) string {
	if v, ok := in[key]; ok && v.IsString() {
		return v.StringValue()
	}
	return ""
}

func number(in resource.PropertyMap, key string) float64 {
	if v, ok := in[resource.PropertyKey(key)]; ok && v.IsNumber() {
		return v.NumberValue()
	}
	return 0
}

func flag(in resource.PropertyMap, key resource.PropertyKey) bool {
	v, ok := in[key]
	return ok && v.IsBool() && v.BoolValue()
}
