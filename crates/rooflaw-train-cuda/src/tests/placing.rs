//! Slots ordered by expert, more of them than a block has threads.

use crate::array::{Array, Element, Precision};
use crate::device::{Argument, Device, Grid, MAX_THREADS};
use crate::emulation::Host;
use crate::kernels::Kernel;

const EXPERTS: usize = 5;
const SLOTS: usize = 700;

#[test]
fn slots_lie_by_expert_then_by_number() {
    let chosen: Vec<u32> = (0..SLOTS)
        .map(|slot| (slot * slot % 7 % EXPERTS) as u32)
        .collect();
    let mut expected: Vec<u32> = (0..SLOTS as u32).collect();
    expected.sort_by_key(|slot| chosen[*slot as usize]);
    for is_reversed in [false, true] {
        let mut host = Host::new(Precision::Bf16, is_reversed);
        let mut array = |elements| host.allocate(Element::U32, elements, "slots").unwrap();
        let [of_chosen, places, order] = [(); 3].map(|()| array(SLOTS));
        let counts = array(EXPERTS);
        host.write(of_chosen, bytemuck::cast_slice(&chosen)).unwrap();
        let grid = Grid {
            blocks: (EXPERTS, 1),
            threads: MAX_THREADS,
        };
        let slots = Argument::U32(SLOTS as u32);
        host.launch(
            Kernel::CountSlots,
            grid,
            &[counts.into(), of_chosen.into(), slots],
        )
        .unwrap();
        let arguments = [
            places.into(),
            order.into(),
            of_chosen.into(),
            counts.into(),
            slots,
        ];
        host.launch(Kernel::PlaceSlots, grid, &arguments).unwrap();
        let mut read = |array: Array| {
            let mut values = vec![0_u32; array.elements];
            host.read(array, bytemuck::cast_slice_mut(&mut values)).unwrap();
            values
        };
        let (order, places, counts) = (read(order), read(places), read(counts));
        assert_eq!(order, expected);
        assert!((0..SLOTS).all(|slot| order[places[slot] as usize] == slot as u32));
        for (expert, count) in counts.iter().enumerate() {
            assert_eq!(
                *count as usize,
                chosen.iter().filter(|chosen| **chosen as usize == expert).count()
            );
        }
    }
}
