package drills

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
)

// allPasswords is the pattern of docs/rotate.md for every generated password.
const allPasswords = "**RandomPassword::**"

// Names of the keys of users' tokens in the Secret of the application that signs them.
const (
	signingKey = "JWT_SECRET"
	otherKey   = "JWT_SECRET_OTHER"
)

func rotate() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "rotate", Program: programs.GrowbinName,
		About: "the other key signs users' tokens; then every generated password is replaced",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &rotation{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "remember", Do: d.remember},
				{Name: "the other key signs", Do: d.switchKeys},
				{Name: "replace all passwords", Do: d.replace},
			}
		},
	}
}

// rotation holds the secrets before the drill.
type rotation struct {
	*rehearsal.Rehearsal
	client kubernetes.Interface
	before credentialSet
}

// credentialSet is what pods have now.
type credentialSet struct {
	// passwords are those in connection strings.
	passwords map[string]bool
	// signing and other are the keys of users' tokens.
	signing, other string
}

func (d *rotation) read(ctx context.Context) (credentialSet, error) {
	out := credentialSet{passwords: map[string]bool{}}
	pods, err := d.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return out, fmt.Errorf("list pods: %w", err)
	}
	// Pulumi leaves no Secret behind, but a pod that ends still has the former one.
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			continue
		}
		for _, name := range secretsOf(&pod) {
			secret, err := d.client.CoreV1().Secrets(pod.Namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return out, fmt.Errorf("the Secret of pod %s: %w", pod.Name, err)
			}
			for key, value := range secret.Data {
				switch key {
				case signingKey:
					out.signing = string(value)
				case otherKey:
					out.other = string(value)
				}
				if address, err := url.Parse(string(value)); err == nil && address.User != nil {
					if password, ok := address.User.Password(); ok {
						out.passwords[password] = true
					}
				}
			}
		}
	}
	return out, nil
}

// secretsOf returns the names of the Secrets whose keys are the pod's variables.
func secretsOf(pod *corev1.Pod) []string {
	var names []string
	for _, container := range pod.Spec.Containers {
		for _, from := range container.EnvFrom {
			if from.SecretRef != nil {
				names = append(names, from.SecretRef.Name)
			}
		}
		for _, variable := range container.Env {
			if variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil {
				names = append(names, variable.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (d *rotation) remember(ctx context.Context) (err error) {
	if d.client, err = d.Client(ctx); err != nil {
		return err
	}
	if d.before, err = d.read(ctx); err != nil {
		return err
	}
	if len(d.before.passwords) == 0 || d.before.signing == "" || d.before.other == "" {
		return fmt.Errorf("pods have %d passwords, and not both keys of tokens", len(d.before.passwords))
	}
	return nil
}

func (d *rotation) switchKeys(ctx context.Context) error {
	if err := d.Set(ctx, programs.KeyJWTKey, "second"); err != nil {
		return err
	}
	if _, err := d.Engine.Up(ctx, "switch keys", noOptions); err != nil {
		return err
	}
	after, err := d.read(ctx)
	if err != nil {
		return err
	}
	d.Compare("the key that signed is accepted", "yes", yes(after.other == d.before.signing), after.other == d.before.signing)
	d.Compare("the other one signs", "yes", yes(after.signing == d.before.other), after.signing == d.before.other)
	return nil
}

func (d *rotation) replace(ctx context.Context) error {
	result, err := d.Engine.Up(ctx, "replace all passwords", engine.RunOptions{Replace: []string{allPasswords}})
	if err != nil {
		return err
	}
	var other []string
	for _, change := range result.Changes {
		if strings.HasPrefix(change.Type, "aws:") {
			other = append(other, change.Name)
		}
	}
	d.Compare("resources of AWS that changed", "none", join(other), len(other) == 0)
	after, err := d.read(ctx)
	if err != nil {
		return err
	}
	kept := 0
	for password := range after.passwords {
		if d.before.passwords[password] {
			kept++
		}
	}
	d.Compare("former passwords that a pod has", "0", kept, kept == 0)
	d.Compare("passwords in connection strings", len(d.before.passwords), len(after.passwords), len(after.passwords) == len(d.before.passwords))
	d.Compare("former keys of tokens", "none", yes(after.signing == d.before.other || after.other == d.before.signing), after.signing != d.before.other && after.other != d.before.signing)
	again, err := d.Engine.Up(ctx, "again", noOptions)
	if err != nil {
		return err
	}
	d.Compare("changes of another update", "0", again.Changed(), again.Changed() == 0)
	return nil
}

func yes(answer bool) string {
	if answer {
		return "yes"
	}
	return "no"
}
