package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/rehearsal/lab/services"
	"github.com/growbin/cluster/stacks"
)

// answerTimeout is how long an answer to a photo may take.
const answerTimeout = 3 * time.Minute

// request sends an HTTP request, through the load balancer if the address is one of the stack's, and returns the body of a 2xx answer.
func (w *whole) request(ctx context.Context, method, address, contentType string, body []byte) (status int, answer []byte, err error) {
	dial, err := w.dialer(address)
	if err != nil {
		return 0, nil, err
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: status %d: %s", method, address, response.StatusCode, bytes.TrimSpace(answer))
	}
	return response.StatusCode, answer, err
}

func application(name string) stacks.Application {
	for _, a := range stacks.Applications() {
		if a.Name == name {
			return a
		}
	}
	panic("no application " + name)
}

// checkNames runs a command in a pod on another node than the broker's: Python connects to each store by its name.
func (w *whole) checkNames(ctx context.Context) error {
	pods, err := w.pods(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"rabbitmq:5672", "postgresql:5432", "redis-durable:6379", "redis-cache:6379"} {
		host, port, err := net.SplitHostPort(name)
		if err != nil {
			return err
		}
		script := fmt.Sprintf("import socket; socket.create_connection((%q, %s), 10)", host+".data.svc", port)
		if _, err := w.exec(ctx, pods, "gpt5-analyzer", "python3", "-c", script); err != nil {
			return err
		}
	}
	return nil
}

// exec runs a command in the first pod of an application, through the container runtime of its node.
func (w *whole) exec(ctx context.Context, pods []corev1.Pod, name string, command ...string) (string, error) {
	for i := range pods {
		if pods[i].Labels["app.kubernetes.io/name"] != name {
			continue
		}
		node, err := w.fleet.get(pods[i].Spec.NodeName)
		if err != nil {
			return "", err
		}
		output, err := node.Run(ctx, append([]string{"crictl", "exec", containerID(&pods[i], name)}, command...)...)
		if err != nil {
			return "", fmt.Errorf("pod %s on node %s: %w", pods[i].Name, pods[i].Spec.NodeName, err)
		}
		return output, nil
	}
	return "", fmt.Errorf("no pod of %s", name)
}

// containerID is that of the pod's container of this name, or of its first one.
func containerID(pod *corev1.Pod, name string) string {
	index := max(0, slices.IndexFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.Name == name }))
	_, id, _ := strings.Cut(pod.Status.ContainerStatuses[index].ContainerID, "://")
	return id
}

func (w *whole) checkAPIs(ctx context.Context) error {
	var problems []error
	for _, a := range w.settings.Applications() {
		if a.Route == "" {
			continue
		}
		address := w.url(a)
		// waste-api and chat-llm-api have no page at their route: their answer is that the method is not allowed.
		problems = append(problems, poll(ctx, time.Minute, func(ctx context.Context) error {
			status, _, err := w.request(ctx, http.MethodGet, address, "", nil)
			if status == http.StatusMethodNotAllowed {
				return nil
			}
			return err
		}))
	}
	return errors.Join(problems...)
}

// postPhoto sends a photo and returns the ID of its analysis.
func (w *whole) postPhoto(ctx context.Context, kind string, number int) (string, error) {
	address := w.url(application("waste-api"))
	_, answer, err := w.request(ctx, http.MethodPost, address, "image/jpeg", services.Photo(kind, number))
	if err != nil {
		return "", err
	}
	var accepted struct{ ID string }
	err = json.Unmarshal(answer, &accepted)
	return accepted.ID, err
}

// awaitAnswer asks for the answer to a photo.
func (w *whole) awaitAnswer(ctx context.Context, id, kind string) error {
	address := w.url(application("waste-api"))
	return poll(ctx, answerTimeout, func(ctx context.Context) error {
		status, answer, err := w.request(ctx, http.MethodGet, address+"/"+id, "", nil)
		if err != nil {
			return err
		}
		if status == http.StatusAccepted {
			return fmt.Errorf("photo %s: %s", id, answer)
		}
		var found struct{ Waste, Answer string }
		if err := json.Unmarshal(answer, &found); err != nil {
			return err
		}
		if found.Waste != kind || found.Answer == "" {
			return permanentError{fmt.Errorf("photo %s of a %s: the answer is %s", id, kind, answer)}
		}
		return nil
	})
}

func (w *whole) checkPhoto(ctx context.Context) error {
	var err error
	if w.photo, err = w.postPhoto(ctx, "bottle", 0); err != nil {
		return err
	}
	if err := w.awaitAnswer(ctx, w.photo, "bottle"); err != nil {
		return err
	}
	var cluster struct{ ImagesBucket string }
	if err := w.engine.Output(ctx, stacks.OutputClusterInfo, &cluster); err != nil {
		return err
	}
	photo := services.Photo("bottle", 0)
	stored, err := w.cloud.GetObject(cluster.ImagesBucket, fmt.Sprintf("photos/%x.jpg", sha256.Sum256(photo)))
	if err == nil && !bytes.Equal(stored, photo) {
		err = errors.New("the bucket has another photo")
	}
	return err
}

// checkBrowser uploads a photo to S3 by a URL that waste-api signs, has it analyzed, and reads it by another.
func (w *whole) checkBrowser(ctx context.Context) error {
	const kind = "can"
	photo, address := services.Photo(kind, 300), w.url(application("waste-api"))
	ask := func(method, path, body string, into any) error {
		_, answer, err := w.request(ctx, method, address+path, "application/json", []byte(body))
		if err != nil {
			return err
		}
		return json.Unmarshal(answer, into)
	}
	var upload struct {
		Name, URL string
		Headers   map[string]string
	}
	if err := ask(http.MethodPost, "/uploads", fmt.Sprintf(`{"size":%d}`, len(photo)), &upload); err != nil {
		return err
	}
	if _, _, err := w.request(ctx, http.MethodPut, upload.URL, upload.Headers["Content-Type"], photo); err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	var accepted struct{ ID string }
	if err := ask(http.MethodPost, "/uploads/"+upload.Name, "", &accepted); err != nil {
		return err
	}
	if err := w.awaitAnswer(ctx, accepted.ID, kind); err != nil {
		return err
	}
	var read struct{ URL string }
	if err := ask(http.MethodGet, fmt.Sprintf("/photos/%x", sha256.Sum256(photo)), "", &read); err != nil {
		return err
	}
	_, stored, err := w.request(ctx, http.MethodGet, read.URL, "", nil)
	if err == nil && !bytes.Equal(stored, photo) {
		err = errors.New("the URL leads to another photo")
	}
	return err
}

func (w *whole) checkPhotos(ctx context.Context) error {
	const photos = 8
	kinds := []string{"can", "bottle", "newspaper"}
	ids := make([]string, photos)
	for n := range ids {
		var err error
		if ids[n], err = w.postPhoto(ctx, kinds[n%3], n+1); err != nil {
			return err
		}
	}
	for n, id := range ids {
		if err := w.awaitAnswer(ctx, id, kinds[n%3]); err != nil {
			return err
		}
	}
	return nil
}

// checkDeadLetter sends a photo of waste without a rule, and finds its task in the queue of dead letters.
func (w *whole) checkDeadLetter(ctx context.Context) error {
	before, err := w.deadLetters(ctx)
	if err != nil {
		return err
	}
	if _, err := w.postPhoto(ctx, "no rule has this", 100); err != nil {
		return err
	}
	return poll(ctx, answerTimeout, func(ctx context.Context) error {
		now, err := w.deadLetters(ctx)
		if err == nil && now <= before {
			err = fmt.Errorf("q.dlq has %d messages, as before", now)
		}
		return err
	})
}

// rabbitmqctl runs the broker's own command in its pod.
func (w *whole) rabbitmqctl(ctx context.Context, arguments ...string) (string, error) {
	pods, err := w.client.CoreV1().Pods("data").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=rabbitmq"})
	if err != nil {
		return "", err
	}
	return w.exec(ctx, pods.Items, "rabbitmq", append([]string{"rabbitmqctl", "--quiet"}, arguments...)...)
}

// deadLetters counts the messages in q.dlq.
func (w *whole) deadLetters(ctx context.Context) (int, error) {
	output, err := w.rabbitmqctl(ctx, "-p", "growbin", "list_queues", "--no-table-headers", "name", "messages")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(output) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "q.dlq" {
			return strconv.Atoi(fields[1])
		}
	}
	return 0, fmt.Errorf("the broker has no queue q.dlq: %s", output)
}

func (w *whole) checkBeat(ctx context.Context) error {
	return w.awaitLog(ctx, "task-scheduler", "Sending due task check the rules")
}
