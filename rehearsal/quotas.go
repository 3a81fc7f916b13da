package rehearsal

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// tooManyPods is the number that no namespace with a quota takes.
const tooManyPods = 1000

// attackLabel is that of the pods of checkQuotas.
const attackLabel = "rehearsal-attack"

// checkQuotas asks each namespace with a quota for a pod of 64 GiB and for 1,000 small ones, and returns those that it takes. The
// pods of the program run already, so that they have been counted.
func (r *Rehearsal) checkQuotas(ctx context.Context, client kubernetes.Interface) (taken []string, err error) {
	quotas, err := client.CoreV1().ResourceQuotas("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the quotas: %w", err)
	}
	for _, quota := range quotas.Items {
		pods := client.CoreV1().Pods(quota.Namespace)
		_, err := pods.Create(ctx, attackingPod("64Gi"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if !apierrors.IsForbidden(err) {
			taken = append(taken, fmt.Sprintf("namespace %s takes a pod of 64 GiB: %v", quota.Namespace, err))
		}
		count := 0
		for err = nil; err == nil && count < tooManyPods; count++ {
			_, err = pods.Create(ctx, attackingPod("1Mi"), metav1.CreateOptions{})
		}
		deleteErr := pods.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: attackLabel})
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "exceeded quota") {
			taken = append(taken, fmt.Sprintf("namespace %s takes %d pods: %v", quota.Namespace, count, err))
		}
		if deleteErr != nil {
			return nil, fmt.Errorf("delete the pods of the attack: %w", deleteErr)
		}
		r.Console.Logf("namespace %s refuses a pod of 64 GiB, and pod %d beside its own", quota.Namespace, count)
	}
	return taken, nil
}

// attackingPod fits no node, and meets the strictest Pod Security level.
func attackingPod(memory string) *corev1.Pod {
	yes, no, user := true, false, int64(65534)
	amount := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse(memory)}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: attackLabel + "-", Labels: map[string]string{attackLabel: ""}},
		Spec: corev1.PodSpec{
			NodeSelector:    map[string]string{attackLabel: "no-node"},
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{
				Name: "attack", Image: "registry.example.com/attack:1", Resources: corev1.ResourceRequirements{Requests: amount, Limits: amount},
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			}},
		},
	}
}
