package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/verify"
	"github.com/growbin/cluster/stacks"
)

// lostMachine are the resources that a refresh looks at after the loss of the control plane: the machine, its disks and its
// address. Not the whole stack, as docs/recover.md says: while no API server answers, everything in the cluster would be
// taken for gone.
const lostMachine = "**Instance$aws:**::%s*"

// drillObjects is how many ConfigMaps are written before something happens.
const drillObjects = 200

func init() {
	drills["control-plane"] = drill{
		about: "the control plane's machine is lost, its data volume is not",
		phases: func(r *rehearsal) []phase {
			l := &loss{rehearsal: r}
			return []phase{
				{"write objects", l.write},
				{"lose the machine", l.loseMachine},
				{"refresh", l.refresh},
				{"recovering up", l.up},
				{"compare", l.compareCluster},
			}
		},
	}
	drills["volume"] = drill{
		about: "the control plane's machine and its data volume are lost; the real etcdutl restores what the real etcdctl saved",
		phases: func(r *rehearsal) []phase {
			l := &loss{rehearsal: r}
			return []phase{
				{"write objects", l.write},
				{"backup", l.backup},
				{"write more", l.writeMore},
				{"lose machine and volume", l.loseVolume},
				{"refresh", l.refresh},
				{"recovering up", l.up},
				{"compare", func(ctx context.Context) error { return errors.Join(l.compareCluster(ctx), l.compareBackup()) }},
			}
		},
	}
}

// loss is a control plane that is lost, and what was known of it before.
type loss struct {
	*rehearsal
	before, after identity
	objects       verify.Inventory
	// backup's name, when there is one.
	saved string
	steps []engine.Change
}

// identity is what tells whether a cluster is the same, and its machine another.
type identity struct {
	instance, volume, authority, certificate string
}

// identify reads what the stack exports and what AWS has.
func (l *loss) identify(ctx context.Context) (identity, *rest.Config, error) {
	if _, err := l.client(ctx); err != nil {
		return identity{}, nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", l.kubeconfigPath())
	if err != nil {
		return identity{}, nil, fmt.Errorf("use the kubeconfig that the stack exports: %w", err)
	}
	config.QPS = -1 // client-go would otherwise write five objects a second
	machine, err := l.cloud.Machine(l.controlPlane())
	if err != nil {
		return identity{}, nil, err
	}
	found := identity{instance: machine.ID, authority: fingerprint(config.CAData), certificate: fingerprint(config.CertData)}
	for _, disk := range machine.Volumes() {
		if !disk.Root {
			found.volume = disk.ID
		}
	}
	return found, config, nil
}

func (l *loss) controlPlane() string { return stacks.ControlPlane(l.settings.Nodes).Name }

// fingerprint is short enough for a table.
func fingerprint(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return hex.EncodeToString(sum[:6])
}

// write puts objects of its own into the cluster and counts all there are.
func (l *loss) write(ctx context.Context) error {
	var config *rest.Config
	var err error
	if l.before, config, err = l.identify(ctx); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("client for the cluster: %w", err)
	}
	for i := range drillObjects {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("drill-%03d", i)}, Data: map[string]string{"number": fmt.Sprint(i)}}
		if _, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("write an object: %w", err)
		}
	}
	if l.objects, err = verify.TakeInventory(ctx, config); err != nil {
		return err
	}
	l.out.say("%d objects written; %d objects in the cluster", drillObjects, len(l.objects))
	return nil
}

func (l *loss) backup(ctx context.Context) error {
	machine, err := l.cloud.Machine(l.controlPlane())
	if err != nil {
		return err
	}
	manifest, err := l.world.Backup(ctx, boot.Simulated(l.cloud, machine))
	l.saved = manifest.Name
	return err
}

// afterBackup is the object that the backup does not know.
const afterBackup = "drill-after-backup"

func (l *loss) writeMore(ctx context.Context) error {
	client, err := l.client(ctx)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: afterBackup}}, metav1.CreateOptions{})
	return err
}

func (l *loss) loseMachine(context.Context) error {
	l.out.say("the host of %s fails", l.before.instance)
	return l.cloud.LoseInstance(l.before.instance)
}

func (l *loss) loseVolume(ctx context.Context) error {
	if err := l.loseMachine(ctx); err != nil {
		return err
	}
	l.out.say("the disk %s fails", l.before.volume)
	return errors.Join(l.cloud.DeleteVolume(l.before.volume), l.world.RemoveVolume(l.before.volume))
}

// refresh has Pulumi notice what is gone, and nothing else.
func (l *loss) refresh(ctx context.Context) error {
	_, err := l.engine.Refresh(ctx, "drill-refresh", fmt.Sprintf(lostMachine, l.controlPlane()))
	return err
}

func (l *loss) up(ctx context.Context) error {
	result, err := l.engine.Up(ctx, "drill-up")
	l.steps = result.Changes
	for _, step := range words(l.steps) {
		l.out.say("%s", step)
	}
	return err
}

// compareCluster holds that the cluster is the same one on another machine.
func (l *loss) compareCluster(ctx context.Context) error {
	var config *rest.Config
	var err error
	if l.after, config, err = l.identify(ctx); err != nil {
		return err
	}
	objects, err := verify.TakeInventory(ctx, config)
	if err != nil {
		return err
	}
	volumeHolds := (l.before.volume == l.after.volume) == (l.saved == "")
	l.compare("instance", l.before.instance, l.after.instance, l.before.instance != l.after.instance)
	l.compare("data volume", l.before.volume, l.after.volume, volumeHolds)
	l.compare("certificate authority", l.before.authority, l.after.authority, l.before.authority == l.after.authority)
	l.compare("certificate of the exported kubeconfig", l.before.certificate, l.after.certificate, l.before.certificate != l.after.certificate)
	missing := l.objects.Missing(objects)
	l.compare("objects, by kind, name and UID", len(l.objects), len(l.objects)-len(missing), len(missing) == 0)
	for _, name := range missing[:min(len(missing), 5)] {
		l.problem("drill %s: %s is not what it was", l.options.drill, name)
	}
	strange := words(slices.DeleteFunc(slices.Clone(l.steps), l.expectedStep))
	l.compare("resources that the update touched; beyond the loss", len(l.steps)-len(strange), len(strange), len(strange) == 0)
	for _, step := range strange {
		l.problem("drill %s: the update did more than was lost: %s", l.options.drill, step)
	}
	if l.saved != "" {
		_, found := objects["ConfigMap "+metav1.NamespaceDefault+"/"+afterBackup]
		l.compare("object written after the backup", "there", map[bool]string{true: "there", false: "lost"}[found], !found)
	}
	return nil
}

// expectedStep says whether a change follows from the loss: the machine and what hangs on it, the way into the cluster, and the
// label of its node. Nothing in the cluster may be replaced, made or deleted.
func (l *loss) expectedStep(step engine.Change) bool {
	switch step.Type {
	case "kubernetes:core/v1:NodePatch", "pulumi:providers:kubernetes":
		return step.Operation == "update"
	}
	module, _, _ := strings.Cut(step.Type, "/")
	return (module == "aws:ec2" || module == "aws:ebs") && strings.HasPrefix(step.Name, l.controlPlane())
}

// compareBackup holds that the new volume was filled from the backup, and that the machine said so.
func (l *loss) compareBackup() error {
	machine, err := l.cloud.Machine(l.controlPlane())
	if err != nil {
		return err
	}
	node, err := userdata.ParseNode(machine.UserData)
	if err != nil {
		return err
	}
	told, err := l.cloud.Parameter(node.BackupParameter)
	if err != nil {
		return err
	}
	l.compare("backup, as the machine tells it in "+node.BackupParameter, l.saved, l.saved, strings.Contains(told, l.saved) && strings.Contains(told, "restore"))
	return nil
}
