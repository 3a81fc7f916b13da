package roll

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// The API server updates the budget before it deletes the pod, so a request must not be interrupted between the two.
func TestEvict_RequestIsNotInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		interrupt()
		select {
		case <-request.Context().Done():
			ended <- request.Context().Err()
		case <-time.After(200 * time.Millisecond):
			ended <- nil
		}
		answer.Header().Set("Content-Type", "application/json")
		_, _ = answer.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Success"}`))
	}))
	defer server.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
	require.NoError(t, err)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "growbin", Name: "waste-1", UID: "1"}}
	blocked, err := evict(ctx, client, pod, false)
	require.NoError(t, err)
	assert.Empty(t, blocked)
	assert.NoError(t, <-ended)
	_, err = evict(ctx, client, pod, false)
	assert.ErrorIs(t, err, context.Canceled, "no request starts after the interruption")
}
