# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from monai_unet3plus.data.splits import (
    annotated_cases,
    check_label_values,
    sampling_weights,
    split_cases,
    training_cases,
    unseen_cases,
)
from monai_unet3plus.utils.errors import InputError


class FolderTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def put(self, *names: str) -> None:
        for name in names:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_bytes(b"")

    def write_list(self, cases: object) -> Path:
        path = self.root / "list.json"
        path.write_text(json.dumps({"training": cases}))
        return path


def iterate_cases(count: int) -> list[dict[str, str]]:
    return [{"image": f"{number:03}", "label": f"{number:03}"} for number in range(count)]


class TestSplitCases(unittest.TestCase):
    @parameterized.expand([(10, 0.2, 2), (10, 0.0, 1), (10, 1.0, 9), (2, 0.2, 1), (3, 0.5, 2), (131, 0.2, 26)])
    def test_share_is_held_out_and_each_case_is_in_one_part(self, count: int, fraction: float, held_out: int) -> None:
        cases = iterate_cases(count)
        training, validation = split_cases(cases, val_fraction=fraction)
        self.assertEqual(len(validation), held_out)
        self.assertEqual(sorted(training + validation, key=lambda case: case["image"]), cases)

    def test_scans_of_a_patient_stay_together(self) -> None:
        cases = [{"image": f"{number:03}", "patient": number // 3} for number in range(30)]
        for seed in range(5):
            training, validation = split_cases(cases, val_fraction=0.2, seed=seed)
            self.assertEqual(len(validation), 6)
            self.assertFalse({c["patient"] for c in training} & {c["patient"] for c in validation})

    def test_patient_in_two_folds_raises(self) -> None:
        cases = [{"image": str(n), "patient": "a", "fold": n} for n in range(2)] + [{"image": "c", "fold": 1}]
        with self.assertRaisesRegex(InputError, "1 are in both: ..a"):
            split_cases(cases, "fold", fold=1)

    def test_seed_decides(self) -> None:
        first, again, other = (split_cases(iterate_cases(20), seed=seed) for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_parts_keep_the_order_of_the_cases(self) -> None:
        for part in split_cases(iterate_cases(20), val_fraction=0.5):
            self.assertEqual(part, sorted(part, key=lambda case: case["image"]))

    @parameterized.expand([(1,), (5,)])
    def test_all_cases_train_and_none_validates(self, count: int) -> None:
        self.assertEqual(split_cases(iterate_cases(count), "all"), (iterate_cases(count), []))

    def test_none_trains_and_all_validate(self) -> None:
        self.assertEqual(split_cases(iterate_cases(3), "none"), ([], iterate_cases(3)))

    @parameterized.expand([(0,), (1,)])
    def test_fewer_than_two_cases_raise(self, count: int) -> None:
        with self.assertRaisesRegex(InputError, f"at least 2 labelled cases.*found {count}"):
            split_cases(iterate_cases(count))


class TestSamplingWeights(unittest.TestCase):
    def test_weights_are_the_cases_own_or_1(self) -> None:
        self.assertEqual(sampling_weights([{"weight": 0.25}, {}, {"weight": 0}]), [0.25, 1.0, 0.0])

    @parameterized.expand([([{"weight": -1}, {}],), ([{"weight": 0}],)])
    def test_negative_or_no_weights_raise(self, cases: list[dict]) -> None:
        with self.assertRaisesRegex(InputError, "weights from 0 up"):
            sampling_weights(cases)


class TestUnseenCases(FolderTestCase):
    def put_training_cases(self) -> None:
        for number in range(4):
            self.put(f"imagesTr/{number}.nii.gz", f"labelsTr/{number}.nii.gz")

    def names_of(self, cases: list) -> list[str]:
        return [Path(case["image"]).relative_to(self.root).as_posix() for case in cases]

    def validation_cases(self, datalist_file: Path | None = None) -> list[str]:
        listed = training_cases(self.root, datalist_file)
        return self.names_of(split_cases(listed, "random", 0.5, 7)[1])

    def test_labelled_test_cases_are_preferred(self) -> None:
        self.put_training_cases()
        self.put("imagesTs/b.nii.gz", "labelsTs/b.nii.gz")
        (case,) = unseen_cases(self.root, ["liver"])
        self.assertEqual(self.names_of([case]), ["imagesTs/b.nii.gz"])
        self.assertEqual(case["annotated"].tolist(), [True])

    def test_all_cases_for_weights_from_elsewhere(self) -> None:
        self.put_training_cases()
        self.put("imagesTs/b.nii.gz", "labelsTs/b.nii.gz")
        found = unseen_cases(self.root, ["liver", "spleen"], annotated={"spleen": 1}, split="none")
        self.assertEqual(self.names_of(found), [f"imagesTr/{number}.nii.gz" for number in range(4)])
        self.assertEqual(found[0]["label_values"], {"spleen": 1})

    def test_a_test_set_alone_is_enough(self) -> None:
        self.put("imagesTs/b.nii.gz", "labelsTs/b.nii.gz")
        self.assertEqual(self.names_of(unseen_cases(self.root, ["liver"])), ["imagesTs/b.nii.gz"])

    def test_validation_cases_of_a_list_are_preferred_to_those(self) -> None:
        self.put_training_cases()
        self.put("imagesTs/b.nii.gz", "labelsTs/b.nii.gz")
        file = self.root / "list.json"
        cases = [{"image": f"imagesTr/{k}.nii.gz", "label": f"labelsTr/{k}.nii.gz"} for k in (3, 1)]
        file.write_text(json.dumps({"training": cases}))
        found = unseen_cases(self.root, ["liver"], file, split="random", val_fraction=0.5, seed=7)
        self.assertEqual(self.names_of(found), self.validation_cases(file))

    def test_validation_cases_are_taken_if_the_test_set_has_no_labels(self) -> None:
        self.put_training_cases()
        self.put("imagesTs/b.nii.gz")
        found = unseen_cases(self.root, ["liver"], split="random", val_fraction=0.5, seed=7)
        self.assertEqual(len(found), 2)
        self.assertEqual(self.names_of(found), self.validation_cases())


class TestLiTS(FolderTestCase):
    def numbers(self, cases: list) -> list[int]:
        return [int("".join(c for c in Path(case["image"]).name if c.isdigit())) for case in cases]

    def test_downloaded_folders_are_paired_and_split_as_in_the_paper(self) -> None:
        for number in range(131):
            batch = f"Training Batch {1 if number < 28 else 2}"
            self.put(f"{batch}/volume-{number}.nii", f"{batch}/segmentation-{number}.nii")
        cases = training_cases(self.root)
        self.assertEqual(self.numbers(cases), list(range(131)))
        for case in cases:
            self.assertEqual(Path(case["label"]).name, Path(case["image"]).name.replace("volume", "segmentation"))
        training, validation = split_cases(cases, "lits")
        self.assertEqual((len(training), self.numbers(validation)), (103, list(range(28))))

    def test_the_decathlons_copy_is_split_alike(self) -> None:
        cases = [{"image": f"imagesTr/liver_{number}.nii.gz", "label": ""} for number in (130, 28, 27, 0)]
        training, validation = split_cases(cases, "lits")
        self.assertEqual((self.numbers(training), self.numbers(validation)), ([130, 28], [27, 0]))

    def test_volume_without_segmentation_is_named(self) -> None:
        self.put("volume-3.nii", "volume-4.nii", "segmentation-4.nii")
        with self.assertRaisesRegex(InputError, "segmentation-N.*volume-3.nii"):
            training_cases(self.root)

    def test_names_without_number_are_refused(self) -> None:
        with self.assertRaisesRegex(InputError, "number in the file name, but a.nii has none"):
            split_cases([{"image": "a.nii"}, {"image": "b.nii"}], "lits")


class TestDatalistFile(FolderTestCase):
    def test_folds_and_annotated_organs_are_read(self) -> None:
        names = ["a.nii", "b.nii", "c.nii"]
        self.put(*names, *(f"label_{name}" for name in names))
        listed = [{"image": name, "label": f"label_{name}", "fold": fold} for fold, name in enumerate(names)]
        listed[1]["annotated"] = ["spleen"]
        cases = annotated_cases(training_cases(self.root, self.write_list(listed)), ["liver", "spleen"])
        training, validation = split_cases(cases, "fold", fold=1)
        self.assertEqual([case["image"] for case in validation], [str(self.root / "b.nii")])
        self.assertEqual(validation[0]["annotated"].tolist(), [False, True])
        self.assertEqual([case["annotated"].tolist() for case in training], [[True, True]] * 2)

    @parameterized.expand(
        [
            ("missing_file", [{"image": "a.nii", "label": "nowhere.nii"}], "files are missing.*nowhere.nii"),
            ("twice", [{"image": "a.nii", "label": "a.nii"}, {"image": "a.nii", "label": "b.nii"}], "twice.*a.nii"),
            ("no_label", [{"image": "a.nii"}], "label.*KeyError"),
            ("empty", [], "lists 0 cases"),
        ]
    )
    def test_wrong_lists_are_refused(self, _: str, cases: list, sentence: str) -> None:
        self.put("a.nii", "b.nii")
        with self.assertRaisesRegex(InputError, f"datalist_file: .*{sentence}"):
            training_cases(self.root, self.write_list(cases))

    def test_list_that_does_not_exist_is_named(self) -> None:
        with self.assertRaisesRegex(InputError, "nowhere.json does not exist"):
            training_cases(self.root, "nowhere.json")

    def test_organs_that_are_not_trained_are_passed_over_and_named(self) -> None:
        with self.assertLogs("monai_unet3plus.data.splits", "WARNING") as log:
            case, _ = annotated_cases([{"annotated": ["kidney"]}, {"annotated": ["liver"]}], ["liver"])
        self.assertIn("['kidney']", log.output[0])
        self.assertEqual(case["annotated"].tolist(), [False])

    def test_cases_may_bring_label_values_of_their_own(self) -> None:
        cases = [{"annotated": {"liver": [1, 2], "kidney": 7}}, {"annotated": {"spleen": 1}}, {}]
        lits, task09, both = annotated_cases(cases, ["liver", "spleen"])
        self.assertEqual(lits["annotated"].tolist(), [True, False])
        self.assertEqual((lits["label_values"], task09["label_values"]), ({"liver": [1, 2]}, {"spleen": 1}))
        self.assertNotIn("label_values", both)

    def test_folder_whose_label_maps_annotate_one_organ(self) -> None:
        cases = [{"image": "a.nii"}, {"image": "b.nii", "annotated": ["liver"]}]
        task09, own = annotated_cases(cases, ["liver", "spleen"], {"spleen": 1})
        self.assertEqual((task09["annotated"].tolist(), task09["label_values"]), ([False, True], {"spleen": 1}))
        self.assertEqual(own["annotated"].tolist(), [True, False])

    def test_organs_may_be_unused_in_an_evaluation_but_not_all(self) -> None:
        cases = [{"image": "a.nii"}]
        self.assertEqual(len(annotated_cases(cases, ["liver", "spleen"], ["liver"], complete=False)), 1)
        with self.assertRaisesRegex(InputError, "are in none"):
            annotated_cases(cases, ["liver", "spleen"], ["kidney"], complete=False)

    def test_unused_organs_are_refused(self) -> None:
        with self.assertRaisesRegex(InputError, r"\['spleen'\] are in none"):
            annotated_cases([{"image": "a.nii", "annotated": ["liver"]}], ["liver", "spleen"])

    def test_split_by_folds_needs_folds(self) -> None:
        with self.assertRaisesRegex(InputError, "1 have none: b.nii"):
            split_cases([{"image": "a.nii", "fold": 0}, {"image": "b.nii"}], "fold")
        with self.assertRaisesRegex(InputError, "fold 5 puts 0 of 2 into validation"):
            split_cases([{"image": "a.nii", "fold": 0}, {"image": "b.nii", "fold": 1}], "fold", fold=5)

    def test_unknown_split_is_named(self) -> None:
        with self.assertRaisesRegex(InputError, "'thirds'"):
            split_cases(iterate_cases(3), "thirds")


class TestCheckLabelValues(unittest.TestCase):
    def test_organ_that_no_label_map_has_is_refused(self) -> None:
        organs = {"liver": [1, 2], "spleen": 7}
        check_label_values({1, 2}, organs)
        with self.assertRaisesRegex(InputError, r"none has \{'spleen': 7\}"):
            check_label_values({1}, organs)


if __name__ == "__main__":
    unittest.main()
