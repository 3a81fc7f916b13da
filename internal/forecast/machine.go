package forecast

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/growbin/cluster/internal/userdata"
)

// Machine is what the model needs to know of one machine.
type Machine struct {
	Name string
	// Environment is bootstrap.env, Scripts the boot scripts by name.
	Environment map[string]string
	Scripts     map[string]string
	// Labels are what its kubelet sets on its node.
	Labels map[string]string
}

// ParseMachine reads a machine's user data.
func ParseMachine(name, encoded string) (*Machine, error) {
	document, err := userdata.Decode(encoded)
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	text, err := document.File(userdata.EnvironmentPath)
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	m := &Machine{Name: name, Scripts: map[string]string{}}
	if m.Environment, err = userdata.ParseEnvironment(text); err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	for _, file := range document.Files {
		if script, ok := strings.CutPrefix(file.Path, userdata.ScriptsDir+"/"); ok {
			m.Scripts[script] = file.Content
		}
	}
	node, err := userdata.ParseNode(encoded)
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	m.Labels = node.Labels
	return m, nil
}

func (m *Machine) controlPlane() bool {
	return m.Environment[userdata.EnvRole] == userdata.RoleControlPlane
}

func (m *Machine) steps() []string { return strings.Fields(m.Environment[userdata.EnvSteps]) }

// interval reads the default of a script's variable of seconds, such as ${JOIN_INTERVAL:=5}.
func (m *Machine) interval(script, variable string) (float64, error) {
	found := regexp.MustCompile(`\$\{` + variable + `:=([0-9.]+)\}`).FindStringSubmatch(m.Scripts[script])
	if found == nil {
		return 0, fmt.Errorf("machine %s: %s sets no default for %s", m.Name, script, variable)
	}
	return strconv.ParseFloat(found[1], 64)
}

// prepulled are the images that the user data names to be fetched while the machine boots.
func (m *Machine) prepulled() []string { return strings.Fields(m.Environment[userdata.EnvImages]) }

// The tasks of a machine that others wait for.
func launchOf(machine string) string { return "launch/" + machine }
func joinedBy(machine string) string { return "ready/" + machine }
func networkOf(machine string) string {
	return "network/" + machine
}
func pullOf(machine, image string) string { return "pull/" + machine + "/" + image }
func linkOf(machine string) string        { return "link of " + machine }
func volumeOf(machine string) string      { return "volume of " + machine }

// boot plans a machine from its launch until it reports that it is a node.
type boot struct {
	*builder
	m    *Machine
	last string // the task that the next step comes after
}

func (b *builder) boot(m *Machine) error {
	b.plan.Capacity[linkOf(m.Name)] = 1 // what is fetched shares the machine's way out
	b.plan.Capacity[volumeOf(m.Name)] = 1
	x := &boot{builder: b, m: m}
	x.last = x.task("boot", "kernel and cloud-init", bootTime, "", launchOf(m.Name))
	if b.options.Prebuilt {
		x.next("programs", "first read of containerd and kubelet", (runtimePackages+kubeletPackages)*readShare/lazyRate)
	}
	if !b.options.StatusWaited {
		x.task("status", "status reports", statusReport, "", x.last)
	}
	for _, step := range m.steps() {
		plan, known := steps[step]
		if !known {
			return fmt.Errorf("machine %s: the model does not know the boot step %q; give it a row in internal/forecast/machine.go", m.Name, step)
		}
		if b.options.StatusWaited {
			x.next("status-"+step, "report step "+step, statusReport)
		}
		if b.options.Prebuilt && slices.Contains(bakedSteps, step) {
			if step == "containerd" {
				x.pullAll()
			}
			continue
		}
		if err := plan(x); err != nil {
			return err
		}
	}
	b.plan.add(Task{ID: joinedBy(m.Name), Lane: m.Name, Label: "report Ready", Seconds: statusReport, After: []string{x.last}})
	return nil
}

// bakedSteps are done in a prebuilt image.
var bakedSteps = []string{"host", "packages", "containerd", "kubelet"}

var steps = map[string]func(*boot) error{
	"host":          func(x *boot) error { x.next("host", "host", hostStep); return nil },
	"packages":      (*boot).packages,
	"containerd":    (*boot).containerd,
	"kubelet":       (*boot).kubelet,
	"data-disk":     (*boot).dataDisk,
	"control-plane": (*boot).controlPlane,
	// On a first start there is nothing to restore; it looks whether there is.
	"restore":    func(x *boot) error { x.next("restore", "look for a backup", restoreStep); return nil },
	"renew-join": (*boot).renewJoin,
	"publish":    func(x *boot) error { x.next("publish", "publish the kubeconfig", publishStep); return nil },
	"worker":     (*boot).worker,
}

// task plans something on the machine and returns its ID.
func (x *boot) task(id, label string, seconds float64, uses string, after ...string) string {
	return x.plan.add(Task{ID: id + "/" + x.m.Name, Lane: x.m.Name, Label: label, Seconds: seconds, After: after, Uses: uses})
}

// next plans what comes after the last step.
func (x *boot) next(id, label string, seconds float64) {
	x.last = x.task(id, label, seconds, "", x.last)
}

// fetch plans a download, which shares the machine's link with others.
func (x *boot) fetch(id, label string, megabytes float64) {
	x.last = x.task(id, label, megabytes/download, linkOf(x.m.Name), x.last)
}

func (x *boot) packages() error {
	lists := listsOwn
	if x.options.AllLists {
		lists = listsFull
	}
	if x.options.AptDaily {
		x.next("apt-lock", "wait for apt-daily", aptLock)
	}
	x.next("keys", "signing keys", signingKeys)
	x.fetch("lists", "package lists", lists)
	x.next("read-lists", "read package lists", lists*listsRead)
	size, label := runtimePackages, "containerd, kubeadm"
	if x.options.OneInstall {
		size, label = size+x.kubeletSize(), "all packages"
	}
	x.install("runtime", label, size)
	return nil
}

func (x *boot) kubeletSize() float64 {
	if x.m.controlPlane() {
		return kubeletPackages + kubectlPackage
	}
	return kubeletPackages
}

func (x *boot) install(id, label string, megabytes float64) {
	x.fetch("fetch-"+id, "fetch "+label, megabytes)
	x.next("install-"+id, "install "+label, aptTurn+megabytes/dpkgRate)
}

// containerd ends with the images of the machine on their way.
func (x *boot) containerd() error {
	x.next("containerd", "containerd", containerdStep)
	if !x.options.LatePulls {
		x.pullAll()
	}
	return nil
}

func (x *boot) kubelet() error {
	if !x.options.OneInstall {
		x.install("kubelet", "kubelet", x.kubeletSize())
	}
	return nil
}

// dataDisk waits for the volume, if the machine has one.
func (x *boot) dataDisk() error {
	x.last = x.task("data-disk", "data disk", diskStep, "", x.last, x.disks[x.m.Name])
	return nil
}

// own are the images that kubeadm names for the machine's role.
func (x *boot) own() []string {
	if x.m.controlPlane() {
		return x.model.ControlPlaneImages
	}
	return x.model.NodeImages
}

// pullAll plans the pulls of what the machine knows it will need, one after another, its own images first.
func (x *boot) pullAll() {
	after := x.last
	for _, image := range append(slices.Clone(x.own()), x.prefetched()...) {
		x.pull(x.m.Name, image, after)
		after = pullOf(x.m.Name, repositoryOf(image))
	}
}

func (x *boot) prefetched() []string {
	if x.options.NoPrefetch {
		return nil
	}
	return x.m.prepulled()
}

func (x *boot) controlPlane() error {
	if x.options.LatePulls && !x.options.Prebuilt {
		x.pullAll()
	}
	before := []string{x.last}
	for _, image := range x.own() {
		before = append(before, pullOf(x.m.Name, image))
	}
	x.last = x.task("init", "kubeadm init: certificates, kubelet", initPreflight, "", before...)
	x.next("healthy", "kubeadm init: control plane healthy", initHealthy)
	x.next("addons", "kubeadm init: add-ons", initRest)
	return nil
}

// renewJoin publishes what workers wait for.
func (x *boot) renewJoin() error {
	x.next("join-data", "publish join data", joinData)
	x.joinData = x.last
	return nil
}

// worker waits for the join data, which it looks for at intervals.
func (x *boot) worker() error {
	interval, err := x.m.interval("worker.sh", "JOIN_INTERVAL")
	if err != nil {
		return err
	}
	if x.options.SlowPolls {
		interval = slowPoll
	}
	if x.options.LatePulls && !x.options.Prebuilt {
		x.pullAll()
	}
	x.last = x.task("join-poll", "find the join data", interval*pollAverage, "", x.last, x.joinDataOf())
	x.next("join", "kubeadm join", joinTime)
	return nil
}
