package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Status is the state of an Application, as Argo CD shows it.
type Status struct {
	Sync struct {
		// Status is Synced, OutOfSync or Unknown; Revision is the commit that it is about.
		Status, Revision string
	}
	// Health has the status Healthy, Progressing, Degraded, Missing or Unknown.
	Health struct{ Status string }
	// OperationState is that of the last sync, whose phase is Running also while it waits for another attempt.
	OperationState struct {
		Phase, Message string
		RetryCount     int
	}
	Conditions []struct{ Type, Message string }
}

func (s *Status) String() string {
	parts := []string{s.Sync.Status, s.Health.Status, "at commit " + s.Sync.Revision}
	if s.OperationState.Phase != "" {
		parts = append(parts, "last sync "+s.OperationState.Phase+": "+s.OperationState.Message)
	}
	return strings.Join(append(parts, s.Problems()...), ", ")
}

// Problems are those that Argo CD has with the Application.
func (s *Status) Problems() (problems []string) {
	for _, c := range s.Conditions {
		problems = append(problems, c.Type+": "+strings.TrimSpace(c.Message))
	}
	return problems
}

// Status reads the state of an Application.
func (a *ArgoCD) Status(ctx context.Context, name string) (*Status, error) {
	found, err := a.client.Resource(applications).Namespace(a.options.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Application %s: %w", name, err)
	}
	text, err := found.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("read Application %s: %w", name, err)
	}
	var application struct{ Status Status }
	if err := json.Unmarshal(text, &application); err != nil {
		return nil, fmt.Errorf("read Application %s: %w", name, err)
	}
	return &application.Status, nil
}

const (
	// refreshAnnotation asks for a refresh; Argo CD removes it when it has compared.
	refreshAnnotation = "argocd.argoproj.io/refresh"
	// refreshTimeout is longer than a fetch of the repository takes.
	refreshTimeout = time.Minute
)

// Refresh has Argo CD look at the repository at once, as its webhook or the button does, and returns when it has.
func (a *ArgoCD) Refresh(ctx context.Context, name string) error {
	to := a.client.Resource(applications).Namespace(a.options.Namespace)
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"normal"}}}`, refreshAnnotation)
	if _, err := to.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager}); err != nil {
		return fmt.Errorf("refresh Application %s: %w", name, err)
	}
	err := wait.PollUntilContextTimeout(ctx, pollInterval, refreshTimeout, true, func(ctx context.Context) (bool, error) {
		found, err := to.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		_, pending := found.GetAnnotations()[refreshAnnotation]
		return !pending, nil
	})
	if err != nil {
		return fmt.Errorf("Application %s is not refreshed after %s: %w", name, refreshTimeout, err)
	}
	return nil
}
