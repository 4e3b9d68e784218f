import os, collections, re, json
import pytest
from hypothesis import given, settings, HealthCheck, Phase
from hypothesis import strategies as st
import tests.scim.test_patch_model as T
from tests.scim.test_patch_model import world
N=int(os.environ.get("N","1500"))
opts=settings(max_examples=N,deadline=None,phases=[Phase.generate],suppress_health_check=list(HealthCheck),database=None)
found=collections.defaultdict(list)
def run(fn,*a):
    try: fn(*a)
    except AssertionError as e:
        msg=str(e)[:300]
        key=re.sub(r'[0-9a-f-]{36}|"[^"]*"|\'[^\']*\'|\d+','_',msg)[:160]
        found[key].append((len(repr(a[1:])),a[1:],msg))
def report(n):
    print("\n#####",sum(map(len,found.values())),"disagreements of",n,"examples")
    for k,v in sorted(found.items(),key=lambda kv:-len(kv[1]))[:25]:
        v.sort(key=lambda x:x[0]); _,a,m=v[0]
        print("-----",len(v)); print(m); 
        for x in a: print("   ",x)
    found.clear()
def test_users(world):
    inner=T.test_a_patch_of_a_user_leaves_what_the_rfc_says.hypothesis.inner_test
    @opts
    @given(T.strategies.users,T.strategies.user_operations)
    def go(u,o): run(inner,world,u,o)
    go(); report(N)
class D:
    def __init__(s,d): s.d=d; s.v=None
    def draw(s,x): s.v=s.d.draw(x); return s.v
    def __repr__(s): return repr(s.v)
def test_groups(world):
    inner=T.test_a_patch_of_a_group_leaves_what_the_rfc_says.hypothesis.inner_test
    names={i:"abcdefgh"[n] for n,i in enumerate(world.ids)}
    @opts
    @given(T.strategies.groups,st.data())
    def go(g,d): run(inner,world,g,D(d))
    go(); print(names); report(N)
