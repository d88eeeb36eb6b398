package main

import (
	"context"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.uber.org/zap"
)

var background = context.Background()

// connect makes one client of etcd's own library, with one connection.
func connect(endpoints ...string) *clientv3.Client {
	log := zap.NewProductionConfig()
	log.Level = zap.NewAtomicLevelAt(zap.FatalLevel)
	client, err := clientv3.New(clientv3.Config{
		Endpoints: endpoints, DialTimeout: 5 * time.Second, LogConfig: &log})
	if err != nil {
		giveUp("no client: %v", err)
	}
	return client
}

// inParallel calls do(0) … do(count-1), some at a time.
func inParallel(count int, do func(i int)) {
	const atOnce = 64
	var all sync.WaitGroup
	places := make(chan int, atOnce)
	for i := 0; i < count; i++ {
		all.Add(1)
		places <- i
		go func(i int) {
			defer all.Done()
			defer func() { <-places }()
			do(i)
		}(i)
	}
	all.Wait()
}

// connectAll makes clients of which each knows one endpoint, and has reached it.
func connectAll(p plan, count int) []*clientv3.Client {
	clients := make([]*clientv3.Client, count)
	inParallel(count, func(i int) {
		clients[i] = connect(p.endpoints[i%len(p.endpoints)])
		limited, cancel := context.WithTimeout(background, 10*time.Second)
		defer cancel()
		if _, err := clients[i].Get(limited, "/", clientv3.WithSerializable()); err != nil {
			giveUp("the first request: %v", err)
		}
	})
	return clients
}

// put writes once, and answers which version of the key it is.
func put(client *clientv3.Client, key, value string) int64 {
	if _, err := client.Put(background, key, value); err != nil {
		giveUp("put: %v", err)
	}
	return get(client, key).Version
}

type kept struct {
	Value   string
	Version int64
}

// get reads linearizably; an absent key has version 0.
func get(client *clientv3.Client, key string) kept {
	reply, err := client.Get(background, key)
	if err != nil {
		giveUp("get: %v", err)
	}
	if len(reply.Kvs) == 0 {
		return kept{}
	}
	return kept{string(reply.Kvs[0].Value), reply.Kvs[0].Version}
}
