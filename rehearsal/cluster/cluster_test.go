package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"

	"github.com/growbin/cluster/internal/testing/process"
	"github.com/growbin/cluster/rehearsal/internal/testwait"
)

// TestStart_Restart is one control plane's life: started from its configuration, used, stopped, brought back from its volume.
func TestStart_Restart(t *testing.T) {
	settings := labSettings(t)
	c, client := start(t, settings)
	ctx := t.Context()
	addNode(t, client, "master")
	require.NoError(t, c.Complete(ctx))

	t.Run("the configuration counts", func(t *testing.T) {
		service, err := client.CoreV1().Services("default").Get(ctx, "kubernetes", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, "10.97.0.1", service.Spec.ClusterIP)
		pod := createPod(t, client, "pulled")
		assert.Equal(t, corev1.PullAlways, pod.Spec.Containers[0].ImagePullPolicy)
		audit, err := os.ReadFile(filepath.Join(settings.RunDir, "root/var/log/kubernetes/audit.log"))
		require.NoError(t, err)
		assert.NotEmpty(t, audit)
		uploaded, err := client.CoreV1().ConfigMaps("kube-system").Get(ctx, "kubeadm-config", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Contains(t, uploaded.Data["ClusterConfiguration"], "certificatesDir: /var/lib/data/pki")
	})
	t.Run("nothing listens but on loopback", func(t *testing.T) {
		for _, address := range ownAddresses(t) {
			connection, err := net.DialTimeout("tcp", net.JoinHostPort(address, fmt.Sprint(c.APIPort())), time.Second)
			if !assert.Error(t, err, "the API server answers on %s", address) {
				connection.Close()
			}
		}
	})
	t.Run("kubelets are never dialled", func(t *testing.T) {
		var pod *corev1.Pod
		testwait.Until(t, func(ctx context.Context) (err error) {
			if pod, err = client.CoreV1().Pods("kube-system").Get(ctx, "pulled", metav1.GetOptions{}); err != nil {
				return err
			}
			return podReady(pod)
		})
		_, err := client.CoreV1().Pods("kube-system").GetLogs("pulled", &corev1.PodLogOptions{}).Stream(ctx)
		assert.ErrorContains(t, err, "nodes-and-pods-are-simulated-")
	})
	t.Run("a StatefulSet follows its local volume", func(t *testing.T) { statefulSetFollowsItsVolume(t, client) })
	t.Run("cluster-info names the private address, and nothing of a way in with a token stays", func(t *testing.T) {
		info, err := client.CoreV1().ConfigMaps("kube-public").Get(ctx, "cluster-info", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Contains(t, info.Data["kubeconfig"], "server: https://10.0.0.10:6443")
		assert.NotContains(t, info.Data["kubeconfig"], "tls-server-name")
		tokens, err := client.CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{FieldSelector: "type=bootstrap.kubernetes.io/token"})
		require.NoError(t, err)
		assert.Empty(t, tokens.Items)
		bindings, err := client.RbacV1().ClusterRoleBindings().List(ctx, metav1.ListOptions{})
		require.NoError(t, err)
		for _, binding := range bindings.Items {
			for _, subject := range binding.Subjects {
				assert.NotContains(t, subject.Name, "system:bootstrappers", binding.Name)
			}
		}
	})
	t.Run("the kubeconfig works through a tunnel", func(t *testing.T) {
		kubeconfig, err := c.Kubeconfig(ctx, "deployer")
		require.NoError(t, err)
		assert.Contains(t, string(kubeconfig), "server: https://10.0.0.10:6443")
		local, err := Loopback(kubeconfig, c.APIPort())
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "kubeconfig")
		require.NoError(t, os.WriteFile(path, local, 0o600))
		config, err := clientcmd.BuildConfigFromFlags("", path)
		require.NoError(t, err)
		_, err = kubernetes.NewForConfigOrDie(config).CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{})
		require.NoError(t, err, "an administrator may do this")
	})

	_, err := client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	authority, err := os.ReadFile(filepath.Join(settings.VolumeDir, "pki/ca.crt"))
	require.NoError(t, err)
	endpoint := c.Endpoint()
	c.Stop()
	_, err = net.DialTimeout("tcp", endpoint, time.Second)
	require.Error(t, err, "a stopped control plane answers")

	settings.RunDir += "-replaced" // another instance, with the same volume
	settings.APIPort = c.APIPort()
	again, client := start(t, settings)
	assert.Equal(t, endpoint, again.Endpoint())
	_, err = client.CoreV1().ConfigMaps("default").Get(ctx, "kept", metav1.GetOptions{})
	require.NoError(t, err)
	kept, err := os.ReadFile(filepath.Join(settings.VolumeDir, "pki/ca.crt"))
	require.NoError(t, err)
	assert.Equal(t, string(authority), string(kept))
	require.NoError(t, again.Complete(ctx))
	t.Run("the recovered scheduler and controllers work", func(t *testing.T) {
		createPod(t, client, "after")
		testwait.Until(t, func(ctx context.Context) error {
			pod, err := client.CoreV1().Pods("kube-system").Get(ctx, "after", metav1.GetOptions{})
			if err != nil {
				return err
			}
			return podReady(pod)
		})
		require.NoError(t, client.CoreV1().Pods("kube-system").Delete(ctx, "after", metav1.DeleteOptions{}))
		testwait.Until(t, func(ctx context.Context) error {
			_, err := client.CoreV1().Pods("kube-system").Get(ctx, "after", metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return fmt.Errorf("the deleted pod is still there: %w", err)
		})
	})
	t.Run("kubectl exec reaches what stands for the container", func(t *testing.T) { execInContainer(t, again, client) })
	t.Run("a scheduler without its lease is started again", func(t *testing.T) {
		scheduler := running(again, "kube-scheduler")
		scheduler.Kill()
		testwait.Until(t, func(context.Context) error {
			if now := running(again, "kube-scheduler"); now == nil || now.PID() == scheduler.PID() {
				return errors.New("it is not")
			}
			return nil
		})
		createPod(t, client, "scheduled")
		testwait.Until(t, func(ctx context.Context) error {
			pod, err := client.CoreV1().Pods("kube-system").Get(ctx, "scheduled", metav1.GetOptions{})
			if err != nil {
				return err
			}
			return podReady(pod)
		})
		assert.Empty(t, again.Failed())
	})
	t.Run("a program that dies is reported", func(t *testing.T) {
		running(again, "kwok").Kill()
		select {
		case err := <-again.Failed():
			assert.ErrorContains(t, err, "kwok ended by itself (signal: killed)")
		case <-time.After(10 * time.Second):
			t.Fatal("nobody noticed")
		}
	})
}

// running returns a program of the control plane, or nil.
func running(c *Cluster, name string) *process.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.processes {
		if p.Name() == name {
			return p
		}
	}
	return nil
}

// execInContainer runs commands in a pod by the API server, as kubectl does.
func execInContainer(t *testing.T, c *Cluster, client kubernetes.Interface) {
	t.Helper()
	createPod(t, client, "served")
	testwait.Until(t, func(ctx context.Context) error {
		pod, err := client.CoreV1().Pods("kube-system").Get(ctx, "served", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return podReady(pod)
	})
	stop, err := c.ServeKubelets(Containers{
		Exec: func(_ context.Context, at Container, stdin io.Reader, stdout io.Writer, command []string) error {
			input, err := io.ReadAll(stdin)
			if command[0] == "false" {
				return errors.New("it is false")
			}
			fmt.Fprintf(stdout, "%s %v %s", at, command, input)
			return err
		},
		Logs: func(at Container) (string, error) { return "log of " + at.Name, nil },
	})
	require.NoError(t, err)
	defer stop()
	const container = "pause"
	run := func(command ...string) (out, failure bytes.Buffer, err error) {
		request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace("kube-system").Name("served").SubResource("exec").
			VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdin: true, Stdout: true, Stderr: true}, scheme.ParameterCodec)
		executor, err := remotecommand.NewWebSocketExecutor(c.Admin(), "GET", request.URL().String())
		require.NoError(t, err)
		err = executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdin: strings.NewReader("input"), Stdout: &out, Stderr: &failure})
		return out, failure, err
	}
	out, _, err := run("cat", "-n")
	require.NoError(t, err)
	assert.Equal(t, "{kube-system served pause} [cat -n] input", out.String())
	_, failure, err := run("false")
	assert.EqualError(t, err, "command terminated with exit code 1")
	assert.Equal(t, "it is false\n", failure.String())
	log, err := client.CoreV1().Pods("kube-system").GetLogs("served", &corev1.PodLogOptions{Container: container}).DoRaw(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "log of pause", string(log))
}

func TestStart_FailureStopsAll(t *testing.T) {
	settings := labSettings(t)
	settings.Kubeadm = []byte(strings.Replace(labConfig, "audit-log-path", "no-such-flag", 1))
	_, err := Start(t.Context(), settings)
	require.ErrorContains(t, err, "kube-apiserver ended by itself")
	assert.ErrorContains(t, err, "unknown flag: --no-such-flag")
	testwait.Until(t, func(context.Context) error { return nothingRuns(settings.VolumeDir) })
}

func TestStart_InvalidKubeadmConfig(t *testing.T) {
	settings := labSettings(t)
	settings.Kubeadm = []byte(strings.Replace(labConfig, "serviceSubnet", "serviceSubnett", 1))
	_, err := Start(t.Context(), settings)
	assert.ErrorContains(t, err, `unknown field "networking.serviceSubnett"`)
}

func TestStart_BusyPort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	settings := Config{VolumeDir: "volume", RunDir: "/run", APIPort: listener.Addr().(*net.TCPAddr).Port}
	_, err = Start(t.Context(), settings)
	assert.ErrorContains(t, err, "is not free")
	assert.ErrorContains(t, err, `VolumeDir is "volume"`)
	assert.ErrorContains(t, err, "no program for etcd")
}

// nothingRuns looks for a process that names the folder on its command line.
func nothingRuns(folder string) error {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), folder) {
			return fmt.Errorf("still running: %s", strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return nil
}

// ownAddresses are this host's addresses other than loopback.
func ownAddresses(t *testing.T) []string {
	interfaces, err := net.InterfaceAddrs()
	require.NoError(t, err)
	var addresses []string
	for _, address := range interfaces {
		if network, ok := address.(*net.IPNet); ok && !network.IP.IsLoopback() && network.IP.To4() != nil {
			addresses = append(addresses, network.IP.String())
		}
	}
	return addresses
}

// createPod creates a pod that runs on any node, as soon as the controller manager has made its service account.
func createPod(t *testing.T, client kubernetes.Interface, name string) (pod *corev1.Pod) {
	t.Helper()
	testwait.Until(t, func(ctx context.Context) (err error) {
		pod, err = client.CoreV1().Pods("kube-system").Create(ctx, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: corev1.PodSpec{
				Containers:  []corev1.Container{{Name: "pause", Image: "pause"}},
				Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			},
		}, metav1.CreateOptions{})
		return err
	})
	return pod
}
